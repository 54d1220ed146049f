/// Reads a node's attributes, each once; what nobody read is an error, never ignored.
package struct AttributeReader {
    package let node: String
    package let op: String
    package let opset: Int
    private var remaining: [String: Attribute]

    package init(_ node: Node) {
        self.node = node.name
        op = node.op
        opset = node.opset
        remaining = node.attributes
    }

    /// What axes, sizes, pads and counts may be: sums and products of two of them fit into `Int`.
    package static let usual = -(1 << 31)...(1 << 31)
    /// For numbers that nothing is computed from.
    package static let any = Int.min...Int.max

    package mutating func int(
        _ name: String,
        default value: Int,
        in range: ClosedRange<Int> = usual
    ) throws(ModelError) -> Int {
        switch remaining.removeValue(forKey: name) {
        case nil: return value
        case .int(let value) where range.contains(value): return value
        case .int(let value): throw mismatch(name, "an integer in \(range)", .int(value))
        case let other?: throw mismatch(name, "an integer", other)
        }
    }

    /// One that has no default.
    package mutating func requiredInt(
        _ name: String,
        in range: ClosedRange<Int>
    ) throws(ModelError) -> Int {
        guard let value = try optionalInt(name, in: range) else {
            throw mismatch(name, "an integer in \(range)", .string("nothing"))
        }
        return value
    }

    package mutating func optionalInt(
        _ name: String,
        in range: ClosedRange<Int> = usual
    ) throws(ModelError) -> Int? {
        remaining[name] == nil ? nil : try int(name, default: 0, in: range)
    }

    package mutating func flag(_ name: String, default value: Bool) throws(ModelError) -> Bool {
        let number = try int(name, default: value ? 1 : 0)
        guard number == 0 || number == 1 else { throw mismatch(name, "0 or 1", .int(number)) }
        return number == 1
    }

    package mutating func ints(
        _ name: String,
        in range: ClosedRange<Int> = usual
    ) throws(ModelError) -> [Int]? {
        switch remaining.removeValue(forKey: name) {
        case nil: return nil
        case .ints(let values) where values.allSatisfy(range.contains): return values
        case .ints(let values): throw mismatch(name, "integers in \(range)", .ints(values))
        case let other?: throw mismatch(name, "a list of integers", other)
        }
    }

    /// A list of `count` integers, each at least `minimum`.
    package mutating func ints(
        _ name: String,
        count: Int,
        minimum: Int,
        default value: [Int]
    ) throws(ModelError) -> [Int] {
        let values = try ints(name) ?? value
        guard values.count == count, values.allSatisfy({ $0 >= minimum && $0 <= 1 << 20 }) else {
            throw mismatch(name, "\(count) integers from \(minimum)", .ints(values))
        }
        return values
    }

    package mutating func float(_ name: String, default value: Float) throws(ModelError) -> Float {
        switch remaining.removeValue(forKey: name) {
        case nil: return value
        case .float(let value): return value
        case .int(let value): return Float(value)
        case let other?: throw mismatch(name, "a number", other)
        }
    }

    package mutating func floats(_ name: String) throws(ModelError) -> [Float]? {
        switch remaining.removeValue(forKey: name) {
        case nil: return nil
        case .floats(let values): return values
        case .ints(let values): return values.map { Float($0) }
        case let other?: throw mismatch(name, "a list of numbers", other)
        }
    }

    package mutating func string(_ name: String, default value: String) throws(ModelError) -> String
    {
        switch remaining.removeValue(forKey: name) {
        case nil: return value
        case .string(let value): return value
        case let other?: throw mismatch(name, "a text", other)
        }
    }

    package func has(_ name: String) -> Bool { remaining[name] != nil }

    package mutating func strings(_ name: String) throws(ModelError) -> [String]? {
        switch remaining.removeValue(forKey: name) {
        case nil: return nil
        case .strings(let values): return values
        case let other?: throw mismatch(name, "a list of texts", other)
        }
    }

    package mutating func tensor(_ name: String) throws(ModelError) -> Tensor? {
        switch remaining.removeValue(forKey: name) {
        case nil: return nil
        case .tensor(let value): return value
        case let other?: throw mismatch(name, "a tensor", other)
        }
    }

    /// An element type by ONNX's number.
    package mutating func type(_ name: String) throws(ModelError) -> ElementType? {
        guard let number = try optionalInt(name) else { return nil }
        guard let type = ElementType(onnx: number) else {
            throw mismatch(name, "an element type that is supported", .int(number))
        }
        return type
    }

    package mutating func graph(_ name: String) throws(ModelError) -> Graph {
        switch remaining.removeValue(forKey: name) {
        case .graph(let value): return value
        case let other: throw mismatch(name, "a graph", other ?? .string(""))
        }
    }

    /// Refuses attributes that no one read.
    package func finish() throws(ModelError) {
        guard let name = remaining.keys.sorted().first, let value = remaining[name] else { return }
        throw mismatch(name, "no such attribute", value)
    }

    package func mismatch(_ name: String, _ expected: String, _ got: Attribute) -> ModelError {
        .invalidAttribute(node: node, attribute: name, expected: expected, got: got.text)
    }
}

extension Attribute {
    /// The value as a message shows it.
    package var text: String {
        switch self {
        case .int(let value): "\(value)"
        case .ints(let values): Self.text(values)
        case .float(let value): "\(value)"
        case .floats(let values): Self.text(values)
        case .string(let value): "\"\(value)\""
        case .strings(let values): Self.text(values)
        case .tensor(let value): "a tensor \(value.shape)"
        case .graph: "a graph"
        }
    }

    /// The first few of a list that may be long.
    private static func text<Value>(_ values: [Value]) -> String {
        values.count <= 16
            ? "\(values)" : "\(Array(values.prefix(16))) and \(values.count - 16) more"
    }
}
