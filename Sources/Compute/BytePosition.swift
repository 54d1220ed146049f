/// Where elements of any type lie in an arena or among constants.
///
/// It carries no bounds, as `FloatPosition` carries none.
@safe
public struct BytePosition: @unchecked Sendable {
    // SAFETY: positions are handed only to code of the pass that owns the memory.
    let pointer: UnsafeMutableRawPointer

    @inline(__always)
    public static func + (position: BytePosition, bytes: Int) -> BytePosition {
        unsafe BytePosition(pointer: position.pointer + bytes)
    }

    /// The same place as floats; what lies here must be aligned as one.
    @inline(__always)
    public var floats: FloatPosition {
        unsafe FloatPosition(pointer.assumingMemoryBound(to: Float.self))
    }

    /// A number of 64 bits.
    @inline(__always)
    public subscript(integer index: Int) -> Int {
        get { unsafe pointer.load(fromByteOffset: index * 8, as: Int.self) }
        nonmutating set {
            unsafe pointer.storeBytes(of: newValue, toByteOffset: index * 8, as: Int.self)
        }
    }

    /// A byte.
    @inline(__always)
    public subscript(byte index: Int) -> UInt8 {
        unsafe pointer.load(fromByteOffset: index, as: UInt8.self)
    }

    /// A number of 32 bits.
    @inline(__always)
    public subscript(short index: Int) -> Int32 {
        get { unsafe pointer.load(fromByteOffset: index * 4, as: Int32.self) }
        nonmutating set {
            unsafe pointer.storeBytes(of: newValue, toByteOffset: index * 4, as: Int32.self)
        }
    }

    /// The place whose address is noted here, the `index`-th of a list of addresses.
    @inline(__always)
    public subscript(address index: Int) -> BytePosition {
        get {
            unsafe BytePosition(
                pointer: pointer.load(
                    fromByteOffset: index * 8,
                    as: UnsafeMutableRawPointer.self
                )
            )
        }
        nonmutating set {
            unsafe pointer.storeBytes(
                of: newValue.pointer,
                toByteOffset: index * 8,
                as: UnsafeMutableRawPointer.self
            )
        }
    }

    /// Numbers that are only read, where they lie while `body` runs.
    public static func reading<Value: BitwiseCopyable, Result, Failure: Error>(
        _ values: [Value],
        _ body: (BytePosition) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe values.withUnsafeBufferPointer { (buffer) throws(Failure) -> Result in
            // SAFETY: nobody writes through positions of inputs. An empty list is never read.
            let start = buffer.baseAddress
            return try body(unsafe position(UnsafeMutableRawPointer(mutating: start)))
        }
    }

    /// A new list of numbers, all of which `body` writes.
    public static func writing<Value: BitwiseCopyable, Failure: Error>(
        count: Int,
        _ body: (BytePosition) throws(Failure) -> Void
    ) throws(Failure) -> [Value] {
        var result: Result<Void, Failure> = .success(())
        let values = unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            let start = unsafe buffer.baseAddress.map { UnsafeMutableRawPointer($0) }
            do throws(Failure) {
                try body(unsafe position(start))
                initialized = count
            } catch {
                result = .failure(error)
            }
        }
        try result.get()
        return values
    }

    /// Where a list begins; an empty one is never touched.
    private static func position(_ start: UnsafeMutableRawPointer?) -> BytePosition {
        guard let start = unsafe start else {
            return unsafe BytePosition(
                pointer: UnsafeMutableRawPointer(bitPattern: 64).unsafelyUnwrapped
            )
        }
        return unsafe BytePosition(pointer: start)
    }

    /// Copies bytes that do not overlap.
    @inline(__always)
    public func copy(from source: BytePosition, bytes: Int) {
        unsafe pointer.copyMemory(from: source.pointer, byteCount: bytes)
    }

    public func clear(bytes: Int) {
        unsafe pointer.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    }

    /// Copies all bytes of a list of numbers.
    public func copy<Value: BitwiseCopyable>(from values: [Value]) {
        unsafe values.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe pointer.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// A list of numbers that lie here.
    public func array<Value: BitwiseCopyable>(of type: Value.Type, count: Int) -> [Value] {
        unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let start = buffer.baseAddress {
                unsafe UnsafeMutableRawPointer(start).copyMemory(
                    from: pointer,
                    byteCount: count * MemoryLayout<Value>.stride
                )
            }
            initialized = count
        }
    }

    /// Writes `count` numbers of 64 bits through a span that does not outlive `body`.
    public func withMutableIntegers<Result, Failure: Error>(
        count: Int,
        _ body: (inout MutableSpan<Int>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: the caller placed as many numbers here, on a boundary of 64 bytes.
        let start = unsafe pointer.assumingMemoryBound(to: Int.self)
        let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: count)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }
}

extension FloatPosition {
    /// The same place as bytes.
    @inline(__always)
    public var bytes: BytePosition {
        unsafe BytePosition(pointer: UnsafeMutableRawPointer(pointer))
    }
}
