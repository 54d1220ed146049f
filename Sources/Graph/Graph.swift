/// A network as data: nodes in topological order over named values, in ONNX's words.
public struct Graph: Sendable, Equatable {
    public struct Input: Sendable, Equatable {
        public var name: String
        public var type: ElementType
        /// `nil` is a dimension known only when a plan is built.
        public var dimensions: [Int?]
        /// Whether not even the number of dimensions is known.
        public var hasAnyRank = false
        /// Whether it is a sequence of such tensors, which only graphs inside of nodes may take.
        public var isList = false

        package init(
            name: String,
            type: ElementType,
            dimensions: [Int?],
            hasAnyRank: Bool = false
        ) {
            self.name = name
            self.type = type
            self.dimensions = dimensions
            self.hasAnyRank = hasAnyRank
        }
    }

    public var inputs: [Input] = []
    public var nodes: [Node] = []
    public var constants: [String: Tensor] = [:]
    /// What the model answers when nothing else is asked for.
    public var outputs: [String] = []
    /// What a file declares of the outputs; empty where nothing is declared.
    public var outputInfo: [Input] = []
    /// What a file's exporter wrote beside it, by name.
    public var metadata: [String: String] = [:]

    public init() {}
}

/// One application of an operator.
public struct Node: Sendable, Equatable {
    public var name: String
    public var op: String
    /// Version of the operator set whose rules apply.
    public var opset = Node.newestOpset
    public var attributes: [String: Attribute] = [:]
    /// Names of values; "" is an optional input that is absent.
    public var inputs: [String] = []
    public var outputs: [String] = []

    package init(
        name: String,
        op: String,
        opset: Int = Node.newestOpset,
        attributes: [String: Attribute] = [:],
        inputs: [String] = [],
        outputs: [String] = []
    ) {
        self.name = name
        self.op = op
        self.opset = opset
        self.attributes = attributes
        self.inputs = inputs
        self.outputs = outputs
    }
}

extension Node {
    /// The newest operator set whose rules are known.
    public static let newestOpset = 28

    /// What a person calls it: the name of its first value.
    package var layer: String { outputs.first { !$0.isEmpty } ?? name }

    /// Names that it reads, the graphs in its attributes included.
    package var namesRead: Set<String> {
        var names = Set(inputs)
        for case .graph(let inner) in attributes.values { names.formUnion(inner.namesRead) }
        return names
    }

    /// The names of all inputs after the first, for keys of what is packed from them.
    package var constantNames: String { inputs.dropFirst().joined(separator: "|") }
}

public enum Attribute: Sendable, Equatable {
    case int(Int)
    case ints([Int])
    case float(Float)
    case floats([Float])
    case string(String)
    case strings([String])
    case tensor(Tensor)
    case graph(Graph)
}

extension Graph {
    /// Names of all values that nodes produce, in order.
    public var valueNames: [String] {
        nodes.flatMap(\.outputs).filter { !$0.isEmpty }
    }

    /// The node that produces a value.
    package func producer(of value: String) -> Int? {
        nodes.firstIndex { $0.outputs.contains(value) }
    }

    /// The nodes that read a value.
    func consumers(of value: String) -> [Int] {
        nodes.indices.filter { nodes[$0].inputs.contains(value) }
    }

    /// Names of all that the nodes read, graphs inside of them included.
    package var namesRead: Set<String> {
        var names = Set(outputs)
        for node in nodes { names.formUnion(node.namesRead) }
        return names
    }

    /// With the constants that a graph around this one has for it.
    package func takingConstants(of outer: Graph) -> Graph {
        let own = Set(inputs.map(\.name)).union(nodes.flatMap(\.outputs))
        var result = self
        for name in namesRead.subtracting(own) where result.constants[name] == nil {
            result.constants[name] = outer.constants[name]
        }
        return result
    }

    /// Only what is needed to compute `wanted`: later layers are not run.
    package func pruned(for wanted: [String]) -> Graph {
        var needed = Set(wanted)
        var result = self
        result.outputs = wanted
        result.nodes = nodes.reversed().filter { node in
            guard node.outputs.contains(where: needed.contains) else { return false }
            needed.formUnion(node.inputs)
            return true
        }.reversed()
        result.inputs = inputs.filter { needed.contains($0.name) }
        return result
    }
}
