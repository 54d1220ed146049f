/// Why bytes are not an IDX file.
public enum IDXError: Error, Equatable, Sendable {
    case notIDX
    case unsupportedType(UInt8)
    case truncated(expected: Int, got: Int)
    case tooLarge
}

/// The format of the MNIST files: unsigned bytes with a shape.
public enum IDX {
    /// Reads the shape and the bytes, row by row.
    public static func decode(
        _ bytes: RawSpan
    ) throws(IDXError) -> (shape: [Int], values: [UInt8]) { throw .notIDX }
}
