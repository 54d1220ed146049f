/// Where floats lie: an arena, packed weights or a caller's buffer.
///
/// A position carries no bounds. Plans place every value inside one arena whose size they computed,
/// and only `KernelSet` and layout code follow positions.
@safe
public struct FloatPosition: @unchecked Sendable {
    // SAFETY: positions are handed only to kernels of the pass that owns the memory.
    let pointer: UnsafeMutablePointer<Float>

    public init(_ pointer: UnsafeMutablePointer<Float>) {
        unsafe self.pointer = pointer
    }

    @inline(__always)
    public static func + (position: FloatPosition, offset: Int) -> FloatPosition {
        unsafe FloatPosition(position.pointer + offset)
    }

    @inline(__always)
    public subscript(index: Int) -> Float {
        get { unsafe pointer[index] }
        nonmutating set { unsafe pointer[index] = newValue }
    }

    /// The same four bytes read as an index: token inputs share the arena with floats.
    @inline(__always)
    public func integer(at index: Int) -> Int32 {
        Int32(bitPattern: self[index].bitPattern)
    }

    /// Copies `count` floats that do not overlap.
    @inline(__always)
    public func copy(from source: FloatPosition, count: Int) {
        unsafe pointer.update(from: source.pointer, count: count)
    }

    @inline(__always)
    public func fill(_ value: Float, count: Int) {
        unsafe pointer.update(repeating: value, count: count)
    }
}

/// A fixed number of floats on a 64-byte boundary, zero at first, freed with the object.
@safe
public final class FloatStorage: @unchecked Sendable {
    // SAFETY: the memory lives as long as the object; who may write when is the owner's contract:
    // arenas belong to one pass at a time, weights are written before they are shared.
    private let memory: UnsafeMutableRawBufferPointer
    public let count: Int

    /// The first float.
    public let start: FloatPosition

    public init(count: Int) {
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride
        unsafe memory = .allocate(byteCount: bytes, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        start = unsafe FloatPosition(
            memory.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
        )
    }

    public convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (index, value) in values.enumerated() { start[index] = value }
    }

    deinit {
        unsafe memory.deallocate()
    }

    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index outside of the storage")
            return start[index]
        }
        set {
            precondition(index >= 0 && index < count, "index outside of the storage")
            start[index] = newValue
        }
    }
}

extension FloatPosition {
    /// Reads `count` floats as a span that does not outlive `body`.
    public func withSpan<Result, Failure: Error>(
        count: Int,
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: the caller placed `count` floats here and they live until `body` returns.
        let buffer = unsafe UnsafeBufferPointer(start: pointer, count: count)
        return try unsafe body(buffer.span)
    }

    /// Writes `count` floats through a span that does not outlive `body`.
    public func withMutableSpan<Result, Failure: Error>(
        count: Int,
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: as above, and no other code writes here during a fill.
        let buffer = unsafe UnsafeMutableBufferPointer(start: pointer, count: count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }

    /// Writes `count` 32-bit integers through a span that does not outlive `body`.
    public func withMutableIntegers<Result, Failure: Error>(
        count: Int,
        _ body: (inout MutableSpan<Int32>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: Int32 and Float have one size and alignment, and the memory is raw underneath.
        let raw = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Int32.self)
        let buffer = unsafe UnsafeMutableBufferPointer(start: raw, count: count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }
}
