/// A JSON value to be sent, its members in the order they were written.
public enum JSON: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case float(Float)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])
    /// Nested arrays of numbers, one level for each dimension.
    case tensor(shape: [Int], values: [Float])
    /// Arrays of so many integers each, in an array.
    case rows([Int32], length: Int)
}

extension JSON {
    public static func strings(_ items: [String]) -> JSON { .array(items.map { .string($0) }) }
    public static func integers(_ items: [Int]) -> JSON { .array(items.map { .integer($0) }) }

    /// The value or null.
    public static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
    public static func optional(_ number: Int?) -> JSON { number.map { .integer($0) } ?? .null }

    /// An object with more members behind its own.
    public func adding(_ more: [(String, JSON)]) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members + more)
    }

    /// The text of a value without numbers that could be NaN or infinite; those become null.
    public var text: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 256)
        write(to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The text, with NaN, Infinity and -Infinity where numbers are not finite: other protocols' clients read those.
    public var textOfAnyNumbers: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.writesNonFinite = true
        write(to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Writes the value where one may stand.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .boolean(let value): writer.boolean(value)
        case .integer(let value): writer.number(value)
        case .number(let value):
            do { try writer.number(value) } catch { writer.null() }
        case .float(let value):
            do { try writer.number(value) } catch { writer.null() }
        case .string(let value): writer.string(value)
        case .array(let items):
            writer.beginArray()
            for item in items { item.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, value) in members {
                writer.key(key)
                value.write(to: &writer)
            }
            writer.endObject()
        case .rows(let values, let length):
            writer.beginArray()
            for start in stride(from: 0, to: values.count, by: max(length, 1)) {
                writer.array(of: Array(values[start..<min(values.count, start + length)]))
            }
            writer.endArray()
        case .tensor(let shape, let values):
            do { try writer.tensor(shape: shape, values: values.span) } catch { writer.null() }
        }
    }

    /// The position of the first number that is NaN or infinite, among those of its tensor.
    public var firstNonFinite: Int? {
        switch self {
        case .number(let value): value.isFinite ? nil : 0
        case .float(let value): value.isFinite ? nil : 0
        case .tensor(_, let values): values.firstIndex { !$0.isFinite }
        case .array(let items): items.lazy.compactMap(\.firstNonFinite).first
        case .object(let members): members.lazy.compactMap(\.1.firstNonFinite).first
        case .null, .boolean, .integer, .string, .rows: nil
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
}
