import Graph

/// Runs of Transpose and Reshape as one of them or none, Transposes behind functions of single elements included.
struct CancelledMoves {
    private let wanted: Set<String>
    private let known: KnownValues
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

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        guard graph.nodes.contains(where: { turns.contains($0.op) || renamings.contains($0.op) })
        else { return graph }
        var cancelling = CancelledMoves(graph, wanted, known)
        for node in graph.nodes { cancelling.take(node) }
        var result = graph
        result.nodes = cancelling.nodes
        result.constants = cancelling.constants
        return result.pruned(for: Array(wanted))
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
        guard let output = node.outputs.first, let shape = known.shape(output),
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
        guard wanted.contains(output), let shape = known.shape(output) else {
            same[output] = source
            return
        }
        append(output, name, reshaping: source, to: shape)
    }

    private mutating func reshape(_ node: Node) {
        guard let output = node.outputs.first, node.outputs.dropFirst().allSatisfy(\.isEmpty),
            let shape = known.shape(output)
        else { return nodes.append(node) }
        let source = reshaped[node.inputs[0]] ?? node.inputs[0]
        if known.shape(source) == shape {
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

    /// A function of a value that was turned for it alone: computed first, turned then.
    private mutating func passFunction(_ node: Node) {
        guard let before = turned[node.inputs[0]], isSole(node.inputs[0]),
            node.outputs.count == 1
        else { return nodes.append(node) }
        pass(node, [before.source] + node.inputs.dropFirst(), before.order)
    }

    /// The same for two operands, turned alike, or a number and one.
    private mutating func passPair(_ node: Node) {
        let found = node.inputs.map { turned[$0] }
        if let first = found[0], let second = found[1], first.order == second.order,
            node.inputs.allSatisfy(isSole)
        {
            return pass(node, [first.source, second.source], first.order)
        }
        for (own, other) in [(0, 1), (1, 0)] {
            guard let before = found[own], isSole(node.inputs[own]),
                let constant = constants[node.inputs[other]], constant.count == 1,
                constant.shape.rank <= before.order.count
            else { continue }
            var inputs = node.inputs
            inputs[own] = before.source
            return pass(node, inputs, before.order)
        }
        nodes.append(node)
    }

    private mutating func pass(_ node: Node, _ inputs: [String], _ order: [Int]) {
        let output = node.outputs[0]
        var straight = node
        straight.inputs = inputs
        straight.outputs = ["\(output)/straight"]
        nodes.append(straight)
        append(output, node.name, of: straight.outputs[0], order)
    }

    private func isSole(_ value: String) -> Bool { readers[value] == 1 && !wanted.contains(value) }
}
