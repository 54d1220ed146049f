import Graph

/// Activations that are quantised channel by channel, as NNCF does it before depthwise convolutions: real numbers are
/// divided and multiplied by a channel's scale, and the integers are in steps of 1.
///
/// `ChannelScales` gives the factors to the layers before and behind.
struct ChannelSteps {
    private var nodes: [[Node]]
    private var constants: [String: Tensor]
    private var readers: [String: [Int]] = [:]

    static func apply(to graph: Graph) -> Graph {
        guard graph.nodes.contains(where: { isStep($0) && Steps($0, graph.constants) != nil })
        else { return graph }
        var steps = ChannelSteps(graph)
        for (index, node) in graph.nodes.enumerated() where isStep(node) {
            guard let own = Steps(node, graph.constants), let rank = steps.rank(behind: node)
            else { continue }
            if node.op == "QuantizeLinear" {
                steps.divide(index, own, rank)
            } else {
                steps.multiply(index, own, rank)
            }
        }
        var result = graph
        (result.nodes, result.constants) = (steps.nodes.flatMap { $0 }, steps.constants)
        return result
    }

    private init(_ graph: Graph) {
        nodes = graph.nodes.map { [$0] }
        constants = graph.constants
        for (index, node) in graph.nodes.enumerated() {
            for input in node.namesRead { readers[input, default: []].append(index) }
        }
    }

    private static func isStep(_ node: Node) -> Bool {
        node.op == "QuantizeLinear" || node.op == "DequantizeLinear"
    }

    /// A scale for each channel, and their zero points.
    private struct Steps {
        let scales: [Float]
        let zeros: [Int]
        let type: ElementType?

        /// Nil for what has one scale, blocks, another axis than that of channels, or constants to quantise.
        init?(_ node: Node, _ constants: [String: Tensor]) {
            guard node.inputs.count > 1, node.outputs.count == 1, constants[node.inputs[0]] == nil,
                let scale = constants[node.inputs[1]], scale.type == .float32,
                scale.shape.rank == 1, scale.count > 1, let scales = scale.floats,
                scales.allSatisfy({ $0.isNormal && $0 > 0 }),
                node.attributes["axis", default: .int(1)] == .int(1),
                node.attributes["block_size", default: .int(0)] == .int(0),
                node.attributes["output_dtype"] == nil
            else { return nil }
            self.scales = scales
            guard node.inputs.count > 2, !node.inputs[2].isEmpty else {
                (zeros, type) = (Array(repeating: 0, count: scales.count), nil)
                return
            }
            guard let zero = constants[node.inputs[2]], let zeros = zero.elements.signed,
                zeros.count == scales.count, [.int8, .uint8].contains(zero.type)
            else { return nil }
            (self.zeros, type) = (zeros, zero.type)
        }

        /// How far each zero point is from the first; nil if there is one for all.
        var moves: [Float]? {
            zeros.allSatisfy { $0 == zeros[0] } ? nil : zeros.map { Float($0 - zeros[0]) }
        }
    }

    // MARK: Numbers of another size

    /// The node with steps of 1 from one zero point.
    private mutating func whole(_ node: Node, _ steps: Steps) -> Node {
        var changed = node
        changed.attributes["axis"] = nil
        changed.inputs[1] = "\(node.layer)/one"
        constants[changed.inputs[1]] = Tensor(shape: [], floats: [1])
        if let type = steps.type {
            changed.inputs[2] = "\(node.layer)/zero"
            constants[changed.inputs[2]] = Tensor(
                shape: [],
                elements: type == .int8
                    ? .int8([Int8(steps.zeros[0])]) : .uint8([UInt8(steps.zeros[0])])
            )
        }
        return changed
    }

    /// The number of axes of what a convolution behind the node, or behind a DequantizeLinear behind it, reads.
    private func rank(behind node: Node) -> Int? {
        for reader in readers[node.outputs[0]] ?? [] {
            guard let next = nodes[reader].last, next.inputs.first == node.outputs[0],
                next.inputs.count > 1
            else { continue }
            if next.op == "Conv", let rank = constants[next.inputs[1]]?.shape.rank, rank > 2 {
                return rank
            }
            if next.op == "DequantizeLinear", let rank = rank(behind: next) { return rank }
        }
        return nil
    }

    /// x / scale, moved by what the zero points differ in, before the node.
    private mutating func divide(_ index: Int, _ steps: Steps, _ rank: Int) {
        var node = whole(nodes[index][0], steps)
        let name = node.layer
        var made = [
            spread("Div", of: node.inputs[0], by: steps.scales, rank, as: "\(name)/quotient")
        ]
        if let moves = steps.moves {
            let quotient = made[0].outputs[0]
            made.append(spread("Add", of: quotient, by: moves, rank, as: "\(name)/moved"))
        }
        node.inputs[0] = made[made.count - 1].outputs[0]
        nodes[index] = made + [node]
    }

    /// (integer − zero) · scale behind the node.
    private mutating func multiply(_ index: Int, _ steps: Steps, _ rank: Int) {
        var node = whole(nodes[index][0], steps)
        let name = node.layer
        node.outputs = ["\(name)/integer"]
        var (made, value) = ([node], node.outputs[0])
        if let moves = steps.moves {
            made.append(spread("Sub", of: value, by: moves, rank, as: "\(name)/moved"))
            value = "\(name)/moved"
        }
        nodes[index] = made + [spread("Mul", of: value, by: steps.scales, rank, as: name)]
    }

    /// A node that takes a number for each channel.
    private mutating func spread(
        _ op: String,
        of input: String,
        by numbers: [Float],
        _ rank: Int,
        as output: String
    ) -> Node {
        let constant = "\(output)/\(op)"
        constants[constant] = Tensor(
            shape: Shape([numbers.count] + Array(repeating: 1, count: rank - 2)),
            floats: numbers
        )
        return Node(name: output, op: op, inputs: [input, constant], outputs: [output])
    }
}
