import Graph

/// A graph while it is rewritten: where values are made and how many nodes read them is known throughout.
struct EditedGraph {
    var constants: [String: Tensor]
    private let source: Graph
    private var nodes: [Node?]
    private var producers: [String: Int] = [:]
    /// Nodes that read each value.
    private var readers: [String: Int] = [:]

    init(_ graph: Graph) {
        source = graph
        constants = graph.constants
        nodes = graph.nodes
        for index in graph.nodes.indices { enter(index) }
    }

    var graph: Graph {
        var graph = source
        graph.nodes = nodes.compactMap { $0 }
        graph.constants = constants
        return graph
    }

    /// A node that has not been removed.
    subscript(index: Int) -> Node {
        get { nodes[index] ?? Node(name: "", op: "") }
        set {
            leave(index)
            nodes[index] = newValue
            enter(index)
        }
    }

    func index(of node: Node) -> Int? {
        node.outputs.first { !$0.isEmpty }.flatMap { producers[$0] }
    }

    /// The node that makes a value.
    func maker(_ value: String) -> Int? { producers[value] }

    /// How many nodes read a value.
    func readerCount(_ value: String) -> Int { readers[value] ?? 0 }

    mutating func remove(_ index: Int) {
        leave(index)
        nodes[index] = nil
    }

    private mutating func enter(_ index: Int) {
        guard let node = nodes[index] else { return }
        for name in node.outputs { producers[name] = index }
        for name in Set(node.inputs) { readers[name, default: 0] += 1 }
    }

    private mutating func leave(_ index: Int) {
        guard let node = nodes[index] else { return }
        for name in node.outputs where producers[name] == index { producers[name] = nil }
        for name in Set(node.inputs) { readers[name, default: 1] -= 1 }
    }

    /// The Gather along axis 0 of a constant table that a recurrent layer alone reads, as it is or dequantised.
    func embedding(before node: Node, wanted: Set<String>) -> (nodes: [Int], table: Tensor)? {
        guard node.attributes["one_hot_depth"] == nil, node.inputs.count > 1 else { return nil }
        let after = soleProducer(of: node, wanted: wanted, ops: ["DequantizeLinear"])
        let reader = after.map { self[$0] } ?? node
        guard let gather = soleProducer(of: reader, wanted: wanted, ops: ["Gather"]),
            self[gather].attributes["axis"] ?? .int(0) == .int(0), self[gather].inputs.count == 2,
            let table = constants[self[gather].inputs[0]]
        else { return nil }
        guard let after else { return ([gather], table) }
        let numbers = QuantizedNumbers(reader) { $0 == 0 ? table : constants[reader.inputs[$0]] }
        guard let numbers, numbers.scales.count == 1, numbers.blockSize == 0 else { return nil }
        return ([gather, after], numbers.tensor)
    }

    /// The node that computes `node`'s first input for it alone.
    func soleProducer(of node: Node, wanted: Set<String>, ops: Set<String>) -> Int? {
        guard let value = node.inputs.first, !wanted.contains(value), let index = producers[value],
            ops.contains(self[index].op), readers[value] == 1
        else { return nil }
        return index
    }

    /// Constant weights, and a bias of one number per output: what the fast paths take.
    func isLayer(_ node: Node) -> Bool {
        guard node.inputs.count > 1, let weights = constants[node.inputs[1]] else { return false }
        guard !Operators.has(.kernels, node.op) else { return true }
        let isTransposed = node.attributes["transB"] == .int(1)
        guard weights.shape.rank == 2, node.attributes["transA"] ?? .int(0) == .int(0) else {
            return false
        }
        guard node.inputs.count > 2, !node.inputs[2].isEmpty else { return true }
        let units = weights.shape[isTransposed ? 0 : 1]
        let bias = constants[node.inputs[2]]?.shape
        return bias?.count == units && bias?.dimensions.last == units
    }

    /// Whether a maxout's axis is that of the producer's outputs: in a series only if it says so.
    func poolsChannels(_ maxout: Node, of producer: Node) -> Bool {
        let axis = maxout.attributes["axis"]
        switch producer.op {
        case "Conv" where constants[producer.inputs[1]]?.shape.rank == 3: return axis == .int(1)
        case "Conv", "TiledConv", "Gemm": return axis ?? .int(1) == .int(1)
        default: return axis == nil
        }
    }

    /// The depth of a OneHot over [T, B] that writes zeros and ones along a last axis.
    func oneHotDepth(_ node: Node) -> Int? {
        guard node.attributes["axis"] ?? .int(-1) == .int(-1), node.inputs.count == 3,
            constants[node.inputs[2]]?.floats == [0, 1], node.attributes["inside"] == .int(1)
        else { return nil }
        return constants[node.inputs[1]]?.integers?.first
    }

    /// Puts `node` in place of a producer and lets it write what `absorbed` wrote.
    mutating func replace(_ index: Int, with node: Node, absorbing absorbed: Node) {
        if let place = self.index(of: absorbed) { remove(place) }
        var node = node
        node.name = absorbed.name
        node.outputs = absorbed.outputs
        self[index] = node
    }
}

extension EditedGraph {
    func clipBounds(_ node: Node) -> [Float]? { source.clipBounds(node) }
    func integerBounds(_ node: Node) -> ClosedRange<Int>? { source.integerBounds(node) }
}
