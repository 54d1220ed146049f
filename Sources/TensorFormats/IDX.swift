/// Why bytes are not an IDX file.
public enum IDXError: Error, Equatable, Sendable {
    case notIDX
    case unsupportedType(UInt8)
    case wrongSize(expected: Int, got: Int)
    case tooLarge
}

extension IDXError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notIDX: "The bytes are not an IDX file; a .gz file must be unpacked first."
        case .unsupportedType(let type): "IDX type \(type) is not read; unsigned bytes (8) are."
        case .wrongSize(let expected, let got):
            "The IDX file's shape needs \(expected) bytes, and it holds \(got)."
        case .tooLarge: "The IDX file's shape is too large."
        }
    }
}

/// The format of the MNIST files: unsigned bytes with a shape.
public enum IDX {
    /// Reads the shape and the bytes, row by row.
    public static func decode(_ bytes: RawSpan) throws(IDXError) -> (shape: [Int], values: [UInt8])
    {
        // Two zero bytes, the type, the number of dimensions; then each length, big-endian.
        guard bytes.starts(with: [0, 0]), let type = bytes.byte(at: 2), let rank = bytes.byte(at: 3)
        else { throw .notIDX }
        guard type == 8 else { throw .unsupportedType(type) }
        var shape: [Int] = []
        var count = 1
        for axis in 0..<Int(rank) {
            guard let length = bytes.integer(at: 4 + 4 * axis, as: UInt32.self, isBigEndian: true)
            else { throw .notIDX }
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(length))
            guard !overflow else { throw .tooLarge }
            count = product
            shape.append(Int(length))
        }
        let start = 4 + 4 * Int(rank)
        let got = bytes.byteCount - start
        guard got == count else { throw .wrongSize(expected: count, got: got) }
        return (shape, bytes.bytes(start..<bytes.byteCount))
    }
}
