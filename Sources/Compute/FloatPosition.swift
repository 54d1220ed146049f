/// Where floats lie in a piece of memory: an arena, packed weights or a caller's buffer.
///
/// It knows how much memory there is, and whoever reads or writes through it is held to that. Kernels are not: they
/// follow pointers, whose ends the plans computed that sized the memory.
@safe
@frozen
public struct FloatPosition: @unchecked Sendable {
    // SAFETY: a position is used only while the memory's owner lives, which holds the pass that hands it out.
    @usableFromInline let base: UnsafeMutablePointer<Float>
    @usableFromInline let offset: Int
    @usableFromInline let extent: Int

    /// Floats from here to the end of the memory.
    @inlinable public var remaining: Int { extent - offset }

    /// The beginning of `count` floats.
    @inlinable
    @inline(__always)
    public init(_ base: UnsafeMutablePointer<Float>, count: Int) {
        unsafe self.base = base
        (offset, extent) = (0, count)
    }

    @inlinable
    @inline(__always)
    init(_ position: FloatPosition, movedBy count: Int) {
        unsafe base = position.base
        offset = position.offset + count
        extent = position.extent
    }

    /// What kernels follow.
    @inlinable
    @inline(__always)
    var pointer: UnsafeMutablePointer<Float> { unsafe base + offset }

    /// What kernels follow where at least `count` floats are.
    @inlinable
    @inline(__always)
    func pointer(to count: Int) -> UnsafeMutablePointer<Float> {
        precondition(offset >= 0 && count >= 0 && count <= remaining, "beyond the memory")
        return unsafe base + offset
    }

    /// A place that may lie outside of the memory, as long as nobody looks there.
    @inlinable
    @inline(__always)
    public static func + (position: FloatPosition, offset: Int) -> FloatPosition {
        FloatPosition(position, movedBy: offset)
    }

    @inlinable
    @inline(__always)
    public subscript(index: Int) -> Float {
        get { unsafe base[place(index)] }
        nonmutating set { unsafe base[place(index)] = newValue }
    }

    @inlinable
    @inline(__always)
    func place(_ index: Int) -> Int {
        let place = offset + index
        precondition(place >= 0 && place < extent, "beyond the memory")
        return place
    }

    /// Copies `count` floats that do not overlap.
    @inlinable
    @inline(__always)
    public func copy(from source: FloatPosition, count: Int) {
        unsafe pointer(to: count).update(from: source.pointer(to: count), count: count)
    }

    public func copy(from values: [Float]) {
        unsafe values.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe pointer(to: source.count).update(from: start, count: source.count)
        }
    }

    @inlinable
    @inline(__always)
    public func fill(_ value: Float, count: Int) {
        unsafe pointer(to: count).update(repeating: value, count: count)
    }

    /// Writes two lines of numbers by turns, `count` of both together.
    public func interleave(_ even: FloatPosition, _ odd: FloatPosition, count: Int) {
        let half = count / 2
        let target = unsafe pointer(to: count)
        let (first, second) = unsafe (even.pointer(to: count - half), odd.pointer(to: half))
        for index in 0..<half {
            unsafe target[2 * index] = first[index]
            unsafe target[2 * index + 1] = second[index]
        }
        if count > 2 * half { unsafe target[2 * half] = first[half] }
    }

    /// The same place as bytes.
    @inlinable
    @inline(__always)
    public var bytes: BytePosition {
        let width = MemoryLayout<Float>.stride
        return unsafe BytePosition(
            UnsafeMutableRawPointer(base),
            offset: offset * width,
            extent: extent * width
        )
    }
}

extension FloatPosition {
    /// Reads `count` floats as a span that does not outlive `body`.
    public func withSpan<Result, Failure: Error>(
        count: Int,
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: they are there, and live until `body` returns.
        let buffer = unsafe UnsafeBufferPointer(start: pointer(to: count), count: count)
        return try unsafe body(buffer.span)
    }

    /// Writes `count` floats through a span that does not outlive `body`.
    public func withMutableSpan<Result, Failure: Error>(
        count: Int,
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: as above, and no other code writes here during a fill.
        let buffer = unsafe UnsafeMutableBufferPointer(start: pointer(to: count), count: count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }
}
