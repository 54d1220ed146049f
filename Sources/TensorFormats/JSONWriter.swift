/// Writes JSON text front to back.
///
/// Commas are placed by the writer; that keys and values alternate is the caller's duty.
public struct JSONWriter: Sendable {
    public internal(set) var bytes: [UInt8] = []
    /// Whether what is not finite is written as NaN, Infinity and -Infinity, instead of being refused.
    public var writesNonFinite = false
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
        try tensor(shape: [], values: [value].span)
    }

    /// Writes the shortest text that reads back to the same value; refuses what is not finite as index 0.
    public mutating func number(_ value: Double) throws(JSONError) {
        guard value.isFinite || writesNonFinite else { throw .nonFinite(index: 0) }
        separate()
        bytes.append(contentsOf: (nonFiniteWord(value) ?? value.description).utf8)
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
        if !writesNonFinite, let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(index: index)
        }
        beginArray()
        for value in values { try number(value) }
        endArray()
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

    /// Writes the comma between two values.
    mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Nearly all texts can go as they are.
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain {
            bytes.append(contentsOf: text.utf8)
            return
        }
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
    }
}

/// The word for what is not finite; nil for what is.
func nonFiniteWord(_ value: some BinaryFloatingPoint) -> String? {
    if value.isFinite { return nil }
    if value.isNaN { return "NaN" }
    return value > 0 ? "Infinity" : "-Infinity"
}
