/// Where elements of any type lie in a piece of memory: an arena, constants or a caller's numbers.
///
/// It knows how much memory there is, as a `FloatPosition` does.
@safe
@frozen
public struct BytePosition: @unchecked Sendable {
    // SAFETY: a position is used only while the memory's owner lives, which holds the pass that hands it out.
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let offset: Int
    @usableFromInline let extent: Int

    @inlinable
    @inline(__always)
    init(_ base: UnsafeMutableRawPointer, offset: Int = 0, extent: Int) {
        unsafe self.base = base
        self.offset = offset
        self.extent = extent
    }

    /// What kernels follow.
    @inlinable
    @inline(__always)
    var pointer: UnsafeMutableRawPointer { unsafe base + offset }

    /// What is followed where at least `count` bytes are.
    @inlinable
    @inline(__always)
    func pointer(to count: Int) -> UnsafeMutableRawPointer {
        precondition(offset >= 0 && count >= 0 && count <= extent - offset, "beyond the memory")
        return unsafe base + offset
    }

    /// Where at least `count` elements of a type are.
    @inlinable
    @inline(__always)
    func pointer<Value: BitwiseCopyable>(
        of type: Value.Type,
        to count: Int
    ) -> UnsafeMutablePointer<Value> {
        unsafe pointer(to: count * MemoryLayout<Value>.stride).assumingMemoryBound(to: type)
    }

    /// A place that may lie outside of the memory, as long as nobody looks there.
    @inlinable
    @inline(__always)
    public static func + (position: BytePosition, bytes: Int) -> BytePosition {
        unsafe BytePosition(
            position.base,
            offset: position.offset + bytes,
            extent: position.extent
        )
    }

    /// The same place as floats; what lies here must be aligned as one.
    @inlinable
    @inline(__always)
    public var floats: FloatPosition {
        let start = unsafe pointer(to: 0).assumingMemoryBound(to: Float.self)
        return unsafe FloatPosition(start, count: (extent - offset) / MemoryLayout<Float>.stride)
    }

    /// A number of 64 bits.
    @inlinable
    @inline(__always)
    public subscript(integer index: Int) -> Int {
        get { unsafe (self + index * 8).pointer(to: 8).load(as: Int.self) }
        nonmutating set {
            unsafe (self + index * 8).pointer(to: 8).storeBytes(of: newValue, as: Int.self)
        }
    }

    /// A byte.
    @inlinable
    @inline(__always)
    public subscript(byte index: Int) -> UInt8 {
        get { unsafe (self + index).pointer(to: 1).load(as: UInt8.self) }
        nonmutating set {
            unsafe (self + index).pointer(to: 1).storeBytes(of: newValue, as: UInt8.self)
        }
    }

    /// A number of 32 bits.
    @inlinable
    @inline(__always)
    public subscript(short index: Int) -> Int32 {
        get { unsafe (self + index * 4).pointer(to: 4).load(as: Int32.self) }
        nonmutating set {
            unsafe (self + index * 4).pointer(to: 4).storeBytes(of: newValue, as: Int32.self)
        }
    }

    /// The memory that is noted here, the `index`-th of a list of places and their sizes.
    @inlinable
    @inline(__always)
    public subscript(noted index: Int) -> BytePosition {
        get {
            let note = unsafe (self + index * Self.noteSize).pointer(to: Self.noteSize)
            return unsafe BytePosition(
                note.load(as: UnsafeMutableRawPointer.self),
                extent: note.load(fromByteOffset: 8, as: Int.self)
            )
        }
        nonmutating set {
            let note = unsafe (self + index * Self.noteSize).pointer(to: Self.noteSize)
            unsafe note.storeBytes(of: newValue.pointer(to: 0), as: UnsafeMutableRawPointer.self)
            unsafe note.storeBytes(
                of: newValue.extent - newValue.offset,
                toByteOffset: 8,
                as: Int.self
            )
        }
    }

    /// Bytes of a note of where memory lies.
    @inlinable public static var noteSize: Int { 16 }

    /// Numbers that are only read, where they lie while `body` runs.
    public static func reading<Value: BitwiseCopyable, Result, Failure: Error>(
        _ values: [Value],
        _ body: (BytePosition) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe values.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            // SAFETY: nobody writes through positions of inputs.
            let start = unsafe UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            return try body(unsafe position(start, extent: UnsafeRawBufferPointer(buffer).count))
        }
    }

    /// A new list of numbers, all of which `body` writes.
    public static func writing<Value: BitwiseCopyable>(
        count: Int,
        _ body: (BytePosition) -> Void
    ) -> [Value] {
        unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            let start = unsafe buffer.baseAddress.map { UnsafeMutableRawPointer($0) }
            body(unsafe position(start, extent: count * MemoryLayout<Value>.stride))
            initialized = count
        }
    }

    /// Where a list begins; an empty one has no memory.
    private static func position(_ start: UnsafeMutableRawPointer?, extent: Int) -> BytePosition {
        guard let start = unsafe start else {
            return unsafe BytePosition(
                UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped,
                extent: 0
            )
        }
        return unsafe BytePosition(start, extent: extent)
    }

    /// Copies bytes that do not overlap.
    @inlinable
    @inline(__always)
    public func copy(from source: BytePosition, bytes: Int) {
        unsafe pointer(to: bytes).copyMemory(from: source.pointer(to: bytes), byteCount: bytes)
    }

    /// Copies bytes with their highest bits turned: int8 becomes uint8 that is 128 higher, and the other way round.
    ///
    /// As kernels do, it follows the places it is given.
    public func flipSigns(_ source: BytePosition, count: Int) {
        let (from, to) = unsafe (source.pointer, pointer)
        let whole = count / 8 * 8
        for index in stride(from: 0, to: whole, by: 8) {
            let word = unsafe from.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            unsafe to.storeBytes(
                of: word ^ 0x8080_8080_8080_8080,
                toByteOffset: index,
                as: UInt64.self
            )
        }
        for index in whole..<count {
            let byte = unsafe from.load(fromByteOffset: index, as: UInt8.self)
            unsafe to.storeBytes(of: byte ^ 0x80, toByteOffset: index, as: UInt8.self)
        }
    }

    public func clear(bytes: Int) {
        unsafe pointer(to: bytes).initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }

    /// Copies all bytes of a list of numbers.
    public func copy<Value: BitwiseCopyable>(from values: [Value]) {
        unsafe values.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe pointer(to: source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// A list of numbers that lie here.
    public func array<Value: BitwiseCopyable>(of type: Value.Type, count: Int) -> [Value] {
        let bytes = count * MemoryLayout<Value>.stride
        let source = unsafe pointer(to: bytes)
        return unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress {
                unsafe UnsafeMutableRawPointer(start).copyMemory(from: source, byteCount: bytes)
            }
            initialized = count
        }
    }

    /// Writes `count` numbers of 64 bits through a span that does not outlive `body`.
    public func withMutableIntegers<Result, Failure: Error>(
        count: Int,
        _ body: (inout MutableSpan<Int>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: they are there, on a boundary of 64 bytes.
        let start = unsafe pointer(of: Int.self, to: count)
        let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }
}
