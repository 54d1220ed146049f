/// The kinds of JSON values.
public enum JSONKind: String, Sendable {
    case object, array, string, number, boolean, null
}

/// Pulls values out of a JSON text (RFC 8259), each where the caller expects it.
///
/// Nothing is built that was not asked for. Duplicate keys, nesting beyond `maximumDepth`, and everything
/// the grammar does not allow are refused with the place where it happened.
public struct JSONReader {
    public static let maximumDepth = 64

    /// Reads a copy of the text.
    public init(_ bytes: [UInt8]) {
    }

    /// Reads the text in place.
    ///
    /// The memory must outlive the reader, and at least 8 bytes after the end must be readable and zero.
    @unsafe public init(withSlackAfter bytes: UnsafeRawBufferPointer) {
    }

    private var stub: JSONError {
        .invalid(reason: "not yet", at: JSONPosition(offset: 0, line: 1, column: 1))
    }

    /// Where the next value, or what stands in its place, begins.
    public var position: JSONPosition { JSONPosition(offset: 0, line: 1, column: 1) }

    /// The kind of the next value, judged by its first byte.
    public mutating func peek() throws(JSONError) -> JSONKind { throw stub }

    /// Calls `member` with each key in order; it must read or skip the value.
    public mutating func object(
        _ member: (String, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) { throw stub }

    /// Calls `element` with each index in order; it must read or skip the value.
    public mutating func array(
        _ element: (Int, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) { throw stub }

    public mutating func string() throws(JSONError) -> String { throw stub }
    public mutating func float() throws(JSONError) -> Float { throw stub }
    public mutating func double() throws(JSONError) -> Double { throw stub }
    public mutating func integer() throws(JSONError) -> Int { throw stub }
    public mutating func boolean() throws(JSONError) -> Bool { throw stub }

    /// Reads `null` if it comes next, and says whether it did.
    public mutating func null() throws(JSONError) -> Bool { throw stub }

    /// Reads a value of any kind and forgets it; it must be valid all the same.
    public mutating func skip() throws(JSONError) { throw stub }

    /// Reads nested or flat numbers, at most `limit` of them and at most 8 deep.
    public mutating func tensor(limit: Int) throws(JSONError) -> TensorData { throw stub }

    /// Reads a flat array of at most `limit` integers.
    public mutating func integers(limit: Int) throws(JSONError) -> [Int] { throw stub }

    /// Makes sure that nothing but white space is left.
    public mutating func end() throws(JSONError) { throw stub }

    /// The error for a key that is not one of `known`, to be thrown from an object's closure.
    public func unknownKey(_ key: String, known: [String]) -> JSONError { stub }
}
