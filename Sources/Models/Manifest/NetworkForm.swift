public import Graph

/// A network as its author wrote it: the layers of model.json before they become a graph.
public struct NetworkForm: Sendable {
    public struct Layer: Sendable {
        public let name: String
        public let op: String
        /// Names of the values it reads: other layers, or inputs.
        public let inputs: [String]
        /// Numbers, words and lists of integers; for a table of connections its number of kernels.
        public let fields: [String: Attribute]
        /// Layers that are not drawn by themselves, but counted with this one.
        public internal(set) var joined: [String] = []

        public init(name: String, op: String, inputs: [String], fields: [String: Attribute]) {
            self.name = name
            self.op = op
            self.inputs = inputs
            self.fields = fields
        }
    }

    public let inputName: String
    /// The fields of `input`.
    public let input: [String: Attribute]
    public let layers: [Layer]
    /// The words of `tree`; empty unless the network composes over trees.
    public let tree: [String: String]

    public init(
        inputName: String,
        input: [String: Attribute],
        layers: [Layer],
        tree: [String: String]
    ) {
        self.inputName = inputName
        self.input = input
        self.layers = layers
        self.tree = tree
    }

    /// Reads a copy of the fields, so that nothing counts as read.
    init(_ fields: JSONFields) throws(ModelError) {
        var fields = fields
        let input = try fields.object("input").map(Self.attributes) ?? [:]
        self.input = input
        inputName = input["name"]?.word ?? ""
        tree = try fields.object("tree").map(Self.attributes)?.compactMapValues(\.word) ?? [:]
        var layers: [Layer] = []
        for object in try fields.objects("layers", each: "layer") ?? [] {
            var named = object
            let op = try named.requiredString("op")
            let name = try named.string("name") ?? "\(op.lowercased())\(layers.count + 1)"
            let previous = layers.last?.name ?? inputName
            let inputs = try named.strings("inputs") ?? [previous]
            let rest = Self.attributes(named)
            layers.append(Layer(name: name, op: op, inputs: inputs, fields: rest))
        }
        self.layers = layers
    }

    private static func attributes(_ fields: JSONFields) -> [String: Attribute] {
        var fields = fields
        var result: [String: Attribute] = [:]
        for (name, value) in fields.takeRest() {
            result[name] = attribute(value, isTable: name == "connections")
        }
        return result
    }

    private static func attribute(_ value: JSONValue, isTable: Bool) -> Attribute? {
        switch value {
        case .bool(let flag): return .int(flag ? 1 : 0)
        case .number(let number): return value.integer.map(Attribute.int) ?? .float(Float(number))
        case .string(let text): return .string(text)
        case .array(let values) where isTable: return .int(values.reduce(0) { $0 + $1.count })
        case .array(let values):
            let integers = values.compactMap(\.integer)
            return integers.count == values.count ? .ints(integers) : nil
        case .null, .object: return nil
        }
    }
}

extension JSONValue {
    /// How many elements a list has; 0 for everything else.
    fileprivate var count: Int {
        if case .array(let values) = self { values.count } else { 0 }
    }
}

extension Attribute {
    /// The text of a word.
    public var word: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// One integer, or the integers of a list.
    public var integers: [Int] {
        switch self {
        case .int(let value): [value]
        case .ints(let values): values
        case .float, .floats, .string, .strings, .tensor, .graph: []
        }
    }
}
