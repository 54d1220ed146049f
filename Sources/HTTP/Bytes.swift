import Glibc

/// Owned, immutable bytes with `Bytes.slack` zero bytes after their end.
///
/// The slack lets a parser load whole words or vectors across the end.
public struct Bytes: Sendable {
    /// Zero bytes that may be read after the last one.
    public static let slack = 64

    public static let empty = Bytes([])

    public let count: Int
    private let storage: Storage
    private var lease: BodyLease?

    public init(_ bytes: some Sequence<UInt8>) {
        var buffer = ByteBuffer()
        for byte in bytes { buffer.append(byte) }
        self = buffer.take()
    }

    /// Takes over memory from malloc(3) that holds `count` bytes and the slack.
    @unsafe
    init(adopting base: UnsafeMutableRawPointer, count: Int) {
        self.count = count
        storage = unsafe Storage(base)
    }

    /// The same bytes, which keep a part of a budget as long as anyone holds them.
    func holding(_ lease: BodyLease) -> Bytes {
        var bytes = self
        bytes.lease = lease
        return bytes
    }

    public var isEmpty: Bool { count == 0 }

    /// Calls `body` with the bytes, without the slack.
    public func withSpan<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBytes { (bytes) throws(Failure) in
            // SAFETY: the storage outlives the call, and is never written again.
            try unsafe body(bytes.bytes)
        }
    }

    /// Calls `body` with the bytes; `slack` zero bytes may be read past the end.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try unsafe body(UnsafeRawBufferPointer(start: storage.base, count: count))
    }
}

extension Array<UInt8> {
    /// A copy of the bytes.
    public init(_ bytes: Bytes) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

/// The memory of `Bytes`, freed with its last owner.
@safe
private final class Storage: Sendable {
    // SAFETY: written before it gets here, only read afterwards.
    nonisolated(unsafe) let base: UnsafeMutableRawPointer

    init(_ base: UnsafeMutableRawPointer) {
        unsafe self.base = base
    }

    deinit {
        unsafe free(base)
    }
}
