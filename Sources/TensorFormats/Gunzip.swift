/// Why bytes are not a gzip file that may be unpacked.
public enum GunzipError: Error, Equatable, Sendable {
    case corrupt
    case truncated
    case tooLarge(limit: Int)
}

/// Unpacks gzip files (RFC 1952).
public enum Gunzip {
    /// Unpacks all members; at most `limit` bytes may come out.
    public static func decompress(
        _ bytes: RawSpan,
        limit: Int
    ) throws(GunzipError) -> [UInt8] { throw .corrupt }
}
