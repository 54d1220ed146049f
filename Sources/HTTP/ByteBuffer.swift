import Glibc

/// A growing queue of bytes: written at its end, consumed from its front.
///
/// Memory comes from malloc(3) and is not initialized, so that sockets read into it and
/// `take` hands it on without a copy.
@safe
struct ByteBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private(set) var capacity = 0
    private var start = 0
    private var end = 0

    init() {
        unsafe base = nil
    }

    deinit {
        unsafe free(base)
    }

    var count: Int { end - start }
    var isEmpty: Bool { end == start }

    /// Makes room for `extra` more bytes, at least doubling the memory when it must grow.
    mutating func reserve(_ extra: Int) {
        if capacity - end < extra { makeRoom(extra) }
    }

    private mutating func makeRoom(_ extra: Int) {
        if start > 0 {
            unsafe memmove(base.unsafelyUnwrapped, base.unsafelyUnwrapped + start, count)
            end -= start
            start = 0
            if capacity - end >= extra { return }
        }
        grow(to: max(end + extra, 2 * capacity, 512))
    }

    /// Makes room for exactly `extra` more bytes, for a length known beforehand.
    mutating func reserveExactly(_ extra: Int) {
        if capacity - end < extra { grow(to: end + extra) }
    }

    private mutating func grow(to size: Int) {
        guard let memory = unsafe realloc(base, size) else {
            fatalError("out of memory for \(size) bytes")
        }
        unsafe base = memory
        capacity = size
    }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        // SAFETY: `reserve` made the room.
        unsafe base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end += 1
    }

    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    @unsafe
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        // SAFETY: `reserve` made the room.
        unsafe memcpy(base.unsafelyUnwrapped + end, source, bytes.count)
        end += bytes.count
    }

    /// Drops `count` bytes, which must be there, from the front.
    mutating func consume(_ count: Int) {
        precondition(count <= self.count)
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Calls `body` with room for at most `limit` bytes at the end; it returns how many it wrote.
    mutating func write<Failure: Error>(
        atMost limit: Int,
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let room = min(limit, capacity - end)
        guard room > 0, let base = unsafe base else { return 0 }
        // SAFETY: bytes end..<end + room lie inside the memory.
        let written = try unsafe body(
            UnsafeMutableRawBufferPointer(start: base + end, count: room)
        )
        precondition(written <= room)
        end += max(written, 0)
        return written
    }

    /// Calls `body` with the bytes.
    borrowing func withSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let base = unsafe base else { return try body(Span()) }
        // SAFETY: start..<end is initialized, and the buffer is borrowed during the call.
        let bytes = unsafe UnsafeRawBufferPointer(start: base + start, count: count)
        return try unsafe bytes.withMemoryRebound(to: UInt8.self) { (bytes) throws(Failure) in
            try unsafe body(bytes.span)
        }
    }

    /// Empties the buffer and returns what it held, copied only if the front was consumed.
    mutating func take() -> Bytes {
        reserveExactly(Bytes.slack)
        let count = self.count
        guard let memory = unsafe base else { fatalError("reserved memory is missing") }
        // SAFETY: the slack was reserved; ownership of the memory goes to the result.
        if start > 0 { unsafe memmove(memory, memory + start, count) }
        unsafe memset(memory + count, 0, Bytes.slack)
        unsafe base = nil
        capacity = 0
        start = 0
        end = 0
        return unsafe Bytes(adopting: memory, count: count)
    }

    /// Gives memory back if the buffer is empty and larger than `limit` bytes.
    mutating func shrink(to limit: Int) {
        guard isEmpty, capacity > limit else { return }
        unsafe free(base)
        unsafe base = nil
        capacity = 0
    }
}
