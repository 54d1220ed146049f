import CZlib

/// Why bytes are not a gzip file that may be unpacked.
public enum GunzipError: Error, Equatable, Sendable {
    case corrupt
    case truncated
    case tooLarge(limit: Int)
}

extension GunzipError: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .corrupt: "The bytes are not valid gzip data."
        case .truncated: "The gzip data is cut off."
        case .tooLarge(let limit): "The gzip data unpacks to more than \(limit) bytes."
        }
    }
}

/// Unpacks gzip files (RFC 1952).
public enum Gunzip {
    /// Unpacks all members; at most `limit` bytes may come out.
    public static func decompress(_ bytes: RawSpan, limit: Int) throws(GunzipError) -> [UInt8] {
        try decompress(bytes, limit: limit, windowBits: 15 + 16)
    }

    /// Unpacks deflated data without a file around it (RFC 1951).
    static func inflate(_ bytes: RawSpan, limit: Int) throws(GunzipError) -> [UInt8] {
        try decompress(bytes, limit: limit, windowBits: -15)
    }

    private static func decompress(
        _ bytes: RawSpan,
        limit: Int,
        windowBits: Int32
    ) throws(GunzipError) -> [UInt8] {
        // zlib counts its input in 32 bits.
        guard bytes.byteCount <= Int(UInt32.max) else { throw .tooLarge(limit: limit) }
        // SAFETY: the pointer does not leave the closure, and zlib only reads through it.
        return try unsafe bytes.withUnsafeBytes { (input) throws(GunzipError) in
            try unsafe decompress(input, limit: limit, windowBits: windowBits)
        }
    }

    private static func decompress(
        _ input: UnsafeRawBufferPointer,
        limit: Int,
        windowBits: Int32
    ) throws(GunzipError) -> [UInt8] {
        var stream = unsafe z_stream()
        // zlib never writes through next_in.
        unsafe stream.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        unsafe stream.avail_in = UInt32(input.count)
        guard unsafe inflate_init(&stream, windowBits) == Z_OK else { throw .corrupt }
        defer { unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let (status, count) = unsafe inflateChunk(&stream, into: &chunk)
            guard count <= limit - output.count else { throw .tooLarge(limit: limit) }
            output.append(contentsOf: chunk[..<count])
            switch status {
            case Z_STREAM_END:
                if unsafe stream.avail_in == 0 { return output }
                // Another member may follow, as when files were concatenated.
                guard unsafe inflateReset(&stream) == Z_OK else { throw .corrupt }
            case Z_OK: break
            case Z_BUF_ERROR: throw .truncated
            default: throw .corrupt
            }
        }
    }

    private static func inflateChunk(
        _ stream: inout z_stream,
        into chunk: inout [UInt8]
    ) -> (status: Int32, count: Int) {
        // SAFETY: zlib writes at most avail_out bytes, the buffer's size.
        unsafe chunk.withUnsafeMutableBufferPointer { buffer in
            unsafe stream.next_out = buffer.baseAddress
            unsafe stream.avail_out = UInt32(buffer.count)
            let status = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
            return (status, buffer.count - Int(unsafe stream.avail_out))
        }
    }
}
