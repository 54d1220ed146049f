/// Why bytes are not an array in NumPy's file format that can be read.
public enum NPYError: Error, Equatable, Sendable {
    case notNPY
    case unsupportedVersion(Int, Int)
    case truncated(expected: Int, got: Int)
    case trailingBytes(Int)
    case invalidHeader(reason: String)
    case unsupportedType(String)
    case tooManyValues(limit: Int)
}

/// NumPy's array file format, versions 1 to 3.
public enum NPY {
    /// Reads numbers of any common type and either order into row-major floats.
    public static func decode(
        _ bytes: RawSpan,
        limit: Int = .max
    ) throws(NPYError) -> TensorData { throw .notNPY }

    /// A version 1 file of little-endian 32-bit floats in row-major order.
    public static func encode(shape: [Int], values: Span<Float>) -> [UInt8] { [] }
}
