import Engine
import Graph

/// Which values of a graph become integers, which of them share their steps, and what computes with them.
struct IntegerValues {
    /// Places of layers that multiply integers by constant weights.
    private(set) var layers: [Int] = []
    /// Places of all nodes that read integers, layers included.
    private(set) var readers: Set<Int> = []
    private(set) var values: Set<String> = []
    /// Values that move elements of another share its steps.
    private var parents: [String: String] = [:]

    private let graph: Graph
    private let shapes: [String: Shape]
    private let makers: [String: Int]
    private let readerCounts: [String: Int]

    /// `shapes` are those of values for one input; layers named in `kept` stay as they are.
    init(_ graph: Graph, shapes: [String: Shape], except kept: Set<String>) {
        self.graph = graph
        self.shapes = shapes
        var makers: [String: Int] = [:]
        var counts: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for output in node.outputs where !output.isEmpty { makers[output] = index }
            for input in node.inputs { counts[input, default: 0] += 1 }
        }
        for output in graph.outputs { counts[output, default: 0] += 1 }
        (self.makers, readerCounts) = (makers, counts)
        layers = graph.nodes.indices.filter {
            graph.isIntegerLayer(graph.nodes[$0]) && !kept.contains(graph.nodes[$0].layer)
        }
        readers = Set(layers)
        var waiting = layers.map { graph.nodes[$0].inputs[0] }
        while let value = waiting.popLast() {
            guard values.insert(value).inserted, let place = makers[value] else { continue }
            waiting += take(place, for: value)
        }
    }

    /// The name under which a value's steps are known.
    func steps(of value: String) -> String {
        var name = value
        while let parent = parents[name] { name = parent }
        return name
    }

    /// Whether a value has no numbers but those of another.
    func isMoved(_ value: String) -> Bool {
        makers[value].map { Self.moves.contains(graph.nodes[$0].op) && readers.contains($0) }
            ?? false
    }

    private static let moves: Set = [
        "Concat", "DepthToSpace", "Dropout", "Flatten", "Identity", "Max", "MaxPool", "Reshape",
        "Slice", "SpaceToDepth", "Squeeze", "Transpose", "Unsqueeze",
    ]

    private static let functions: Set = [
        "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Relu", "Sigmoid",
        "Tanh",
    ]

    /// What the node that makes an integer has to read as integers.
    private mutating func take(_ place: Int, for value: String) -> [String] {
        let node = graph.nodes[place]
        guard node.outputs.filter({ !$0.isEmpty }).count == 1, !readers.contains(place) else {
            return []
        }
        if let sum = bounded(node) {
            guard isSum(graph.nodes[sum]) else { return [] }
            readers.insert(sum)
            return graph.nodes[sum].inputs
        }
        if isMove(node) {
            let sources = node.op == "Concat" || node.op == "Max" ? node.inputs : [node.inputs[0]]
            for source in sources { join(source, value) }
            readers.insert(place)
            return sources
        }
        if isSum(node) {
            readers.insert(place)
            return node.inputs
        }
        let isMean = node.op == "GlobalAveragePool" && shapes[node.inputs[0]]?.rank == 4
        guard isMean || Self.functions.contains(node.op), isReal(node.inputs[0]) else { return [] }
        readers.insert(place)
        return [node.inputs[0]]
    }

    /// The layer or sum whose result this node only bounds.
    private func bounded(_ node: Node) -> Int? {
        guard ["Relu", "Clip"].contains(node.op), readerCounts[node.inputs[0]] == 1,
            let place = makers[node.inputs[0]],
            node.inputs.dropFirst().allSatisfy({ $0.isEmpty || graph.constants[$0] != nil })
        else { return nil }
        let inner = graph.nodes[place]
        return isSum(inner) || graph.isIntegerLayer(inner) ? place : nil
    }

    private func isMove(_ node: Node) -> Bool {
        switch node.op {
        case "Concat": node.inputs.allSatisfy(isReal)
        case "Max":
            // Maxout: the larger of two parts of the same value.
            node.inputs.count == 2 && node.inputs.allSatisfy { part(of: $0) != nil }
                && part(of: node.inputs[0]) == part(of: node.inputs[1])
        default: Self.moves.contains(node.op) && isReal(node.inputs[0])
        }
    }

    private func part(of value: String) -> String? {
        makers[value].flatMap { graph.nodes[$0].op == "Slice" ? graph.nodes[$0].inputs[0] : nil }
    }

    private func isSum(_ node: Node) -> Bool {
        node.op == "Add" && node.inputs.allSatisfy(isReal) && node.inputs[0] != node.inputs[1]
            && shapes[node.inputs[0]] != nil && shapes[node.inputs[0]] == shapes[node.inputs[1]]
    }

    /// Whether a value is computed and of float32.
    private func isReal(_ value: String) -> Bool {
        graph.constants[value] == nil && shapes[value] != nil
    }

    private mutating func join(_ one: String, _ other: String) {
        let (a, b) = (steps(of: one), steps(of: other))
        if a != b { parents[b] = a }
    }
}

extension Graph {
    /// Whether a node multiplies what is computed by constant weights, and integers can do it.
    func isIntegerLayer(_ node: Node) -> Bool {
        guard node.inputs.count >= 2, constants[node.inputs[0]] == nil,
            let weights = constants[node.inputs[1]], weights.type == .float32, weights.count > 0,
            node.inputs.count < 3 || node.inputs[2].isEmpty || constants[node.inputs[2]] != nil
        else { return false }
        switch node.op {
        case "Conv": return (3...4).contains(weights.shape.rank)
        case "MatMul": return weights.shape.rank == 2
        case "Gemm":
            return weights.shape.rank == 2 && node.attributes["transA"] ?? .int(0) == .int(0)
                && node.attributes["alpha"] ?? .float(1) == .float(1)
                && node.attributes["beta"] ?? .float(1) == .float(1)
        default: return false
        }
    }
}
