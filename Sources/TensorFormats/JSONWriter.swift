/// Writes JSON text front to back.
///
/// Commas are placed by the writer; that keys and values alternate is the caller's duty.
public struct JSONWriter: Sendable {
    public var bytes: [UInt8] = []
    private var needsComma = false

    public init(reservingCapacity capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    public mutating func beginObject() {}
    public mutating func endObject() {}
    public mutating func beginArray() {}
    public mutating func endArray() {}
    public mutating func key(_ name: String) {}
    public mutating func string(_ text: String) {}
    public mutating func boolean(_ value: Bool) {}
    public mutating func null() {}
    public mutating func number(_ value: Int) {}

    /// Writes the shortest text that reads back to the same value; refuses what is not finite as index 0.
    public mutating func number(_ value: Float) throws(JSONError) {}

    /// Writes the shortest text that reads back to the same value; refuses what is not finite as index 0.
    public mutating func number(_ value: Double) throws(JSONError) {}

    /// Writes a flat array.
    public mutating func array(of values: Span<Float>) throws(JSONError) {}

    /// Writes a flat array.
    public mutating func array(of values: [Int]) {}

    /// Writes nested arrays, one level for each dimension; without dimensions, a number.
    public mutating func tensor(shape: [Int], values: Span<Float>) throws(JSONError) {}
}
