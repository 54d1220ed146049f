import Glibc

/// Floats whose number is not known before they have been read.
@safe struct FloatBuffer: ~Copyable {
    private var start: UnsafeMutablePointer<Float>
    private(set) var capacity: Int
    private(set) var count = 0

    init() {
        capacity = 1024
        unsafe start = .allocate(capacity: capacity)
    }

    deinit { unsafe free(start) }

    /// Appends where the capacity is known to suffice.
    @inline(__always)
    mutating func appendWithinCapacity(_ value: Float) {
        unsafe start[count] = value
        count += 1
    }

    /// Doubles the capacity; large blocks are remapped by the system, not copied.
    mutating func grow() {
        capacity *= 2
        let size = capacity * MemoryLayout<Float>.stride
        guard let moved = unsafe realloc(start, size) else { fatalError("out of memory") }
        unsafe start = moved.assumingMemoryBound(to: Float.self)
    }

    var array: [Float] {
        unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }
}
