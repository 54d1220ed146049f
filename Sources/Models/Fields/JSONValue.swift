import Files
import Graph
import TensorFormats

/// A JSON value read from a model folder.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// A whole text.
    init(_ text: [UInt8]) throws(JSONError) {
        var reader = JSONReader(text)
        try self.init(&reader)
        try reader.end()
    }

    private init(_ reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .null:
            _ = try reader.null()
            self = .null
        case .boolean: self = .bool(try reader.boolean())
        case .number: self = .number(try reader.double())
        case .string: self = .string(try reader.string())
        case .array:
            var values: [JSONValue] = []
            try reader.array { (_, reader) throws(JSONError) in
                values.append(try JSONValue(&reader))
            }
            self = .array(values)
        case .object:
            var fields: [String: JSONValue] = [:]
            try reader.object { (key, reader) throws(JSONError) in
                fields[key] = try JSONValue(&reader)
            }
            self = .object(fields)
        }
    }

    /// Reads a file of the model folder.
    static func read(_ name: String, in files: ModelFiles) throws(ModelError) -> JSONValue {
        try read(name, in: files, largest: 16 << 20) { (text) throws(JSONError) in
            try JSONValue(text)
        }
    }

    /// Reads a JSON text, at most `largest` bytes, as `parse` does.
    static func read<Value>(
        _ name: String,
        in files: ModelFiles,
        largest: Int,
        _ parse: ([UInt8]) throws(JSONError) -> Value
    ) throws(ModelError) -> Value {
        var text = [UInt8](try files.text(name, largest: largest, factor: growth))
        // A byte order mark, as some editors put it first.
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text.removeFirst(3) }
        do throws(JSONError) {
            return try parse(text)
        } catch {
            throw .file(name: name, reason: "is not valid JSON of its kind: \(error.description)")
        }
    }

    /// How often its size a text takes while it is read.
    static let growth = 64

    /// What the value is, for error messages.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let value): integer.map { "\($0)" } ?? "\(value)"
        case .string(let value): "\"\(value)\""
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    var integer: Int? {
        guard case .number(let number) = self, number == number.rounded(), abs(number) < 1e15 else {
            return nil
        }
        return Int(number)
    }
}
