import Graph

/// One-hot vectors as some exporters write them: indices compared with 0, 1, 2, … and the truth values cast.
///
/// Cast(Equal(Expand(Reshape(indices)), [0 … K − 1])) is OneHot(indices) without a meaning of negative indices.
struct ComparedOneHot {
    /// OneHot, and a Reshape where the indices have other sizes.
    let nodes: [Node]
    let added: [String: Tensor]
    /// The file's nodes that they stand for.
    let covers: [Int]

    /// Nil where `cast` does not end such a chain.
    ///
    /// `sole` is the item that makes a value for one reader only, `indices` the shape of a value of integers that is
    /// there.
    init?(
        _ cast: OnnxPatterns.Item,
        constants: [String: Tensor],
        sole: (String) -> OnnxPatterns.Item?,
        indices: (String) -> Shape?
    ) {
        guard cast.node.op == "Cast", cast.node.attributes["to"] == .int(1),
            !cast.node.inputs.isEmpty, let equal = sole(cast.node.inputs[0]),
            equal.node.op == "Equal", equal.node.inputs.count == 2,
            let place = equal.node.inputs.firstIndex(where: { constants[$0] != nil }),
            let numbers = constants[equal.node.inputs[place]],
            let depth = numbers.shape.dimensions.last,
            let values = numbers.elements.signed, depth > 1,
            values.enumerated().allSatisfy({ $1 == $0 % depth })
        else { return nil }
        var covers = cast.covers + equal.covers
        var (name, chain): (String, [Node]) = (equal.node.inputs[1 - place], [])
        while indices(name) == nil {
            // Once repeated, indices may not be arranged anew.
            let known =
                chain.isEmpty ? ["Expand", "Reshape", "Unsqueeze"] : ["Reshape", "Unsqueeze"]
            guard let item = sole(name), known.contains(item.node.op), chain.count < 16,
                item.node.inputs.dropFirst().allSatisfy({ constants[$0] != nil })
            else { return nil }
            chain.append(item.node)
            covers += item.covers
            name = item.node.inputs[0]
        }
        guard let given = indices(name), let shape = Self.shape(given, chain, constants),
            shape.count == given.count || shape.count == given.count * depth
        else { return nil }
        // The last axis is one index, or has been made as long as the numbers it is compared with.
        let last = shape.dimensions.last ?? 0
        let before = Array(shape.dimensions.dropLast())
        guard last == 1 || last == depth, before.reduce(1, *) == given.count,
            numbers.shape.rank <= shape.rank,
            zip(numbers.shape.dimensions.dropLast().reversed(), before.reversed())
                .allSatisfy({ $0 == 1 || $0 == $1 })
        else { return nil }
        self.covers = covers
        (nodes, added) = Self.made(cast.node, of: name, given: given, sizes: before + [depth])
    }

    /// What the chain of nodes makes of a shape.
    private static func shape(
        _ given: Shape,
        _ chain: [Node],
        _ constants: [String: Tensor]
    ) -> Shape? {
        var tensor = Tensor(sized: given)
        for node in chain.reversed() {
            let operands = Operands(
                node: node,
                tensors: [tensor] + node.inputs.dropFirst().map { constants[$0] },
                context: .folding(memoryLimit: 1 << 26)
            )
            guard let next = try? Operators.make(node).outputs(operands).first else { return nil }
            // An Expand may only repeat each index along a last axis of its own.
            if node.op == "Expand", next.shape != tensor.shape {
                guard tensor.shape.dimensions.last == 1, next.shape.rank == tensor.shape.rank,
                    next.shape.dimensions.dropLast() == tensor.shape.dimensions.dropLast()
                else { return nil }
            }
            tensor = next
        }
        return tensor.shape
    }

    private static func made(
        _ cast: Node,
        of indices: String,
        given: Shape,
        sizes: [Int]
    ) -> ([Node], [String: Tensor]) {
        let depth = sizes[sizes.count - 1]
        let isSame = given.dimensions == Array(sizes.dropLast())
        let hot = isSame ? cast.outputs[0] : "\(cast.outputs[0])/hot"
        var node = Node(name: cast.name, op: "OneHot")
        node.inputs = [indices, "\(cast.outputs[0])/depth", "\(cast.outputs[0])/values"]
        node.outputs = [hot]
        node.attributes = ["wraps": .int(0)]
        var added = [
            node.inputs[1]: Tensor(shape: [1], integers: [depth]),
            node.inputs[2]: Tensor(shape: [2], floats: [0, 1]),
        ]
        guard !isSame else { return ([node], added) }
        var reshape = Node(name: cast.name, op: "Reshape")
        reshape.inputs = [hot, "\(cast.outputs[0])/shape"]
        reshape.outputs = cast.outputs
        added[reshape.inputs[1]] = Tensor(shape: [sizes.count], integers: sizes)
        return ([node, reshape], added)
    }
}
