/// Writes JSON text front to back.
///
/// Commas are placed by the writer; that keys and values alternate is the caller's duty.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init(reservingCapacity capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    public mutating func beginObject() { open("{") }
    public mutating func endObject() { close("}") }
    public mutating func beginArray() { open("[") }
    public mutating func endArray() { close("]") }

    public mutating func key(_ name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func string(_ text: String) {
        separate()
        appendQuoted(text)
    }

    public mutating func boolean(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    public mutating func number(_ value: Int) {
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes the shortest text that reads back to the same value; refuses what is not finite as index 0.
    public mutating func number(_ value: Float) throws(JSONError) {
        guard value.isFinite else { throw .nonFinite(index: 0) }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Writes the shortest text that reads back to the same value; refuses what is not finite as index 0.
    public mutating func number(_ value: Double) throws(JSONError) {
        guard value.isFinite else { throw .nonFinite(index: 0) }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Inserts a value that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes a flat array.
    public mutating func array<Value: FixedWidthInteger>(of values: [Value]) {
        beginArray()
        for value in values {
            separate()
            bytes.append(contentsOf: value.description.utf8)
        }
        endArray()
    }

    /// Writes a flat array; refuses what is not finite by its index.
    public mutating func array(of values: [Double]) throws(JSONError) {
        if let index = values.firstIndex(where: { !$0.isFinite }) { throw .nonFinite(index: index) }
        beginArray()
        for value in values { try number(value) }
        endArray()
    }

    /// Writes a flat array; refuses what is not finite by its index.
    public mutating func array(of values: Span<Float>) throws(JSONError) {
        try tensor(shape: [values.count], values: values)
    }

    /// Writes nested arrays, one level for each dimension; without dimensions, a number.
    ///
    /// `values` holds as many as the product of `shape`; the first that is not finite is refused by its index.
    public mutating func tensor(shape: [Int], values: Span<Float>) throws(JSONError) {
        precondition(shape.reduce(1, *) == values.count, "shape and values do not agree")
        for index in values.indices where !values[index].isFinite {
            throw .nonFinite(index: index)
        }
        // About 10 digits, a point and a comma for most activations.
        bytes.reserveCapacity(bytes.count + 12 * values.count)
        var next = 0
        separate()
        append(shape[...], values, &next)
        needsComma = true
    }

    private mutating func append(_ shape: ArraySlice<Int>, _ values: Span<Float>, _ next: inout Int)
    {
        guard let length = shape.first else { return append(values[next]) }
        bytes.append(UInt8(ascii: "["))
        for index in 0..<length {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if shape.count == 1 {
                append(values[next])
                next += 1
            } else {
                append(shape.dropFirst(), values, &next)
            }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func append(_ value: Float) {
        var text = value.description
        // SAFETY: the pointer does not leave the closure.
        text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: (byte < 16 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
