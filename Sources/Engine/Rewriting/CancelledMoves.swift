import Graph

/// Runs of Transpose and Reshape as one of them or none.
///
/// Functions of single elements, and pairs with constants, go before them: there they meet the layer they belong to.
struct CancelledMoves {
    private let wanted: Set<String>
    private let known: KnownValues
    /// Values that functions have now where they go before what moves them.
    private var made: [String: (shape: Shape, type: ElementType?)] = [:]
    private var constants: [String: Tensor]
    private var nodes: [Node] = []
    /// Values that are others under another name.
    private var same: [String: String] = [:]
    /// Values that are others with their axes in another order: axis i is axis order[i].
    private var turned: [String: (source: String, order: [Int])] = [:]
    /// Values that are others in another shape.
    private var reshaped: [String: String] = [:]
    private let readers: [String: Int]

    /// Functions of single elements of one value.
    private static let functions: Set = [
        "Relu", "Tanh", "Sigmoid", "Clip", "Exp", "Log", "Erf", "Softplus", "Softsign", "Mish",
        "HardSwish", "HardSigmoid", "LeakyRelu", "Elu", "Selu", "Celu", "Swish", "Gelu", "Abs",
        "Neg", "Sqrt", "Reciprocal", "Floor", "Ceil", "Round", "Sign", "ThresholdedRelu", "Shrink",
    ]
    private static let turns: Set = ["Transpose", MatrixTranspose.name]
    private static let renamings: Set = [
        "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout",
    ]
    private static let pairs: Set = ["Add", "Sub", "Mul", "Div", "Max", "Min"]

    /// Returns what is known of the new graph's values too.
    static func apply(
        to graph: Graph,
        wanted: Set<String>,
        known: KnownValues
    ) -> (graph: Graph, known: KnownValues) {
        guard graph.nodes.contains(where: { turns.contains($0.op) || renamings.contains($0.op) })
        else { return (graph, known) }
        var cancelling = CancelledMoves(graph, wanted, known)
        for node in graph.nodes { cancelling.take(node) }
        var result = graph
        result.nodes = cancelling.nodes
        result.constants = cancelling.constants
        return (result.pruned(for: Array(wanted)), known.with(cancelling.made))
    }

    private init(_ graph: Graph, _ wanted: Set<String>, _ known: KnownValues) {
        (self.wanted, self.known) = (wanted, known)
        constants = graph.constants
        var readers: [String: Int] = [:]
        for node in graph.nodes { for name in Set(node.inputs) { readers[name, default: 0] += 1 } }
        self.readers = readers
    }

    private mutating func take(_ node: Node) {
        var node = node
        node.inputs = node.inputs.map { same[$0] ?? $0 }
        switch node.op {
        case _ where Self.turns.contains(node.op): turn(node)
        case _ where Self.renamings.contains(node.op): reshape(node)
        case _ where Self.functions.contains(node.op): passFunction(node)
        case _ where Self.pairs.contains(node.op) && node.inputs.count == 2: passPair(node)
        default: nodes.append(node)
        }
    }

    private mutating func turn(_ node: Node) {
        guard let output = node.outputs.first, let shape = shape(output),
            let order = Self.order(node, rank: shape.rank)
        else { return nodes.append(node) }
        append(output, node.name, of: node.inputs[0], order)
    }

    private static func order(_ node: Node, rank: Int) -> [Int]? {
        if node.op == MatrixTranspose.name {
            return rank < 2 ? nil : Array(0..<rank - 2) + [rank - 1, rank - 2]
        }
        guard let perm = node.attributes["perm"] else { return (0..<rank).reversed() }
        guard case .ints(let order) = perm, order.sorted() == Array(0..<rank) else { return nil }
        return order
    }

    /// Adds what turns a value, from where it lay before it was turned.
    private mutating func append(
        _ output: String,
        _ name: String,
        of value: String,
        _ order: [Int]
    ) {
        var (source, order) = (value, order)
        if let before = turned[value] {
            source = before.source
            order = order.map { before.order[$0] }
        }
        guard order != Array(order.indices) else { return rename(output, name, source) }
        turned[output] = (source, order)
        nodes.append(
            Node(
                name: name,
                op: "Transpose",
                attributes: ["perm": .ints(order)],
                inputs: [source],
                outputs: [output]
            )
        )
    }

    /// Lets a value be another one, unless it is asked for by name.
    private mutating func rename(_ output: String, _ name: String, _ source: String) {
        guard wanted.contains(output), let shape = shape(output) else {
            same[output] = source
            return
        }
        append(output, name, reshaping: source, to: shape)
    }

    private mutating func reshape(_ node: Node) {
        guard let output = node.outputs.first, node.outputs.dropFirst().allSatisfy(\.isEmpty),
            let shape = shape(output)
        else { return nodes.append(node) }
        let source = reshaped[node.inputs[0]] ?? node.inputs[0]
        if self.shape(source) == shape {
            rename(output, node.name, source)
        } else {
            append(output, node.name, reshaping: source, to: shape)
        }
    }

    private mutating func append(
        _ output: String,
        _ name: String,
        reshaping source: String,
        to shape: Shape
    ) {
        reshaped[output] = source
        let sizes = "\(output)/shape"
        constants[sizes] = Tensor(shape: [shape.rank], integers: shape.dimensions)
        nodes.append(
            Node(name: name, op: "Reshape", inputs: [source, sizes], outputs: [output])
        )
    }

    private func shape(_ name: String) -> Shape? { made[name]?.shape ?? known.shape(name) }

    /// What a value is moved from.
    private struct Move {
        let source: String
        let shape: Shape
        /// The source's axis that each axis of the moved value is; nil for one of 1 that is added, or what has none.
        let axes: [Int?]
        let order: [Int]?
    }

    /// How a value was moved for one reader alone.
    private func move(of value: String) -> Move? {
        guard isSole(value), let moved = shape(value) else { return nil }
        if let before = turned[value], let shape = shape(before.source) {
            return Move(
                source: before.source,
                shape: shape,
                axes: before.order,
                order: before.order
            )
        }
        guard let source = reshaped[value], let shape = shape(source) else { return nil }
        let places = shape.dimensions.indices.filter { shape[$0] != 1 }
        var rest = places[...]
        let axes = moved.dimensions.map { $0 == 1 ? nil : rest.popFirst() }
        let onlyUnits = moved.dimensions.filter { $0 != 1 } == places.map { shape[$0] }
        return Move(source: source, shape: shape, axes: onlyUnits ? axes : [], order: nil)
    }

    /// A function of a value that was moved for it alone: computed first, moved then.
    private mutating func passFunction(_ node: Node) {
        guard node.outputs.count == 1, let before = move(of: node.inputs[0]) else {
            return nodes.append(node)
        }
        pass(node, [before.source] + node.inputs.dropFirst(), before)
    }

    /// The same for two operands, moved alike, or a constant and one.
    private mutating func passPair(_ node: Node) {
        let found = node.inputs.map(move)
        if let first = found[0], let second = found[1], first.order == second.order,
            first.shape == second.shape, shape(node.inputs[0]) == shape(node.inputs[1])
        {
            return pass(node, [first.source, second.source], first)
        }
        for (own, other) in [(0, 1), (1, 0)] {
            guard let before = found[own], shape(node.outputs[0]) == shape(node.inputs[own]),
                let constant = constants[node.inputs[other]],
                let moved = Self.shape(constant.shape, before: before)
            else { continue }
            var inputs = node.inputs
            inputs[own] = before.source
            if moved != constant.shape {
                inputs[other] = "\(node.outputs[0])/constant"
                constants[inputs[other]] = constant.reshaped(moved.dimensions)
            }
            return pass(node, inputs, before)
        }
        nodes.append(node)
    }

    /// The shape in which a constant's numbers meet those of the value before it is moved; nil where they lie otherwise.
    private static func shape(_ constant: Shape, before move: Move) -> Shape? {
        if constant.count == 1 {
            return constant.rank <= move.shape.rank ? constant : Shape([])
        }
        let first = move.axes.count - constant.rank
        guard first >= 0 else { return nil }
        var sizes = [Int](repeating: 1, count: move.shape.rank)
        var last = -1
        for (place, size) in constant.dimensions.enumerated() where size != 1 {
            guard let axis = move.axes[first + place], axis > last else { return nil }
            sizes[axis] = size
            last = axis
        }
        return Shape(sizes)
    }

    private mutating func pass(_ node: Node, _ inputs: [String], _ move: Move) {
        let output = node.outputs[0]
        var straight = node
        straight.inputs = inputs
        straight.outputs = ["\(output)/straight"]
        nodes.append(straight)
        made[straight.outputs[0]] = (move.shape, known.type(output))
        if let order = move.order {
            append(output, node.name, of: straight.outputs[0], order)
        } else if let shape = shape(output) {
            append(output, node.name, reshaping: straight.outputs[0], to: shape)
        }
    }

    private func isSole(_ value: String) -> Bool { readers[value] == 1 && !wanted.contains(value) }
}
