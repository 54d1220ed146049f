import CZlib
import Synchronization

/// zlib streams of one kind, lent to one worker at a time.
final class CodingStreams: Sendable {
    /// More workers than this rarely code at once; the streams of the others are freed.
    private static let mostIdle = 16

    private let idle = Mutex<[CodingStream]>([])
    private let kind: CodingStream.Kind

    init(_ kind: CodingStream.Kind) {
        self.kind = kind
    }

    /// A stream that may have been used before; nil if there is no memory.
    func borrow() -> CodingStream? {
        idle.withLock { $0.popLast() } ?? CodingStream(kind)
    }

    func giveBack(_ stream: CodingStream) {
        idle.withLock { if $0.count < Self.mostIdle { $0.append(stream) } }
    }
}

/// A zlib stream at a fixed address, which zlib's state points back to.
@safe
final class CodingStream: Sendable {
    enum Kind: Sendable {
        case inflating
        case deflating
        case gzipping
    }

    /// Level 6 costs five times as much for a tenth of the size.
    private static let level: Int32 = 1
    /// The full window within a zlib wrapper, or a gzip wrapper.
    static let zlibWindow: Int32 = 15
    static let gzipWindow: Int32 = 15 + 16

    // SAFETY: used only by the worker that has borrowed it.
    nonisolated(unsafe) let stream: UnsafeMutablePointer<z_stream>
    private let kind: Kind

    init?(_ kind: Kind) {
        self.kind = kind
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status =
            switch kind {
            case .inflating: unsafe inflate_init(stream, Self.gzipWindow)
            case .deflating: unsafe deflate_init(stream, Self.level, Self.zlibWindow)
            case .gzipping: unsafe deflate_init(stream, Self.level, Self.gzipWindow)
            }
        guard status == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        _ = unsafe kind == .inflating ? inflateEnd(stream) : deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The whole of `body` packed at once.
    func deflated(_ body: [UInt8]) -> [UInt8]? {
        guard unsafe deflateReset(stream) == Z_OK, body.count < 1 << 31 else { return nil }
        // SAFETY: zlib reads avail_in bytes and writes at most avail_out; the pointers are dropped at the end.
        return unsafe body.withUnsafeBufferPointer { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(input.count)
            defer { release() }
            // Below 2^32, as a bound exceeds its input by little.
            let bound = unsafe Int(deflateBound(stream, UInt(input.count)))
            var status = Z_OK
            let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(bound)
                status = unsafe deflate(stream, Z_FINISH)
                count = unsafe bound - Int(stream.pointee.avail_out)
            }
            return status == Z_STREAM_END ? packed : nil
        }
    }

    /// Forgets the caller's memory.
    func release() {
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.avail_in = 0
        unsafe stream.pointee.next_out = nil
        unsafe stream.pointee.avail_out = 0
    }
}
