// The little-endian bytes of elements, as files and clients send them.

extension Tensor.Elements {
    /// The elements one after the other, little-endian; nothing for texts.
    package var bytes: [UInt8] {
        switch self {
        case .floats(let values): Self.bytes(values.map(\.bitPattern))
        case .doubles(let values): Self.bytes(values.map(\.bitPattern))
        case .halves(let values): Self.bytes(values.map(\.bitPattern))
        case .bfloats(let values): Self.bytes(values.map(\.bitPattern))
        case .integers(let values): Self.bytes(values)
        case .int32(let values): Self.bytes(values)
        case .int16(let values): Self.bytes(values)
        case .int8(let values): Self.bytes(values)
        case .uint64(let values): Self.bytes(values)
        case .uint32(let values): Self.bytes(values)
        case .uint16(let values): Self.bytes(values)
        case .uint8(let values): values
        case .booleans(let values): values.map { $0 ? 1 : 0 }
        case .strings: []
        }
    }

    private static func bytes<Integer: FixedWidthInteger>(_ values: [Integer]) -> [UInt8] {
        let width = Integer.bitWidth / 8
        var result: [UInt8] = []
        result.reserveCapacity(values.count * width)
        for value in values {
            for byte in 0..<width { result.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
        }
        return result
    }

    /// Whole elements of a type that has a width.
    package init<Bytes: RandomAccessCollection<UInt8>>(bytes: Bytes, as type: ElementType) {
        switch type {
        case .float32: self = .floats(Self.load(bytes))
        case .float64: self = .doubles(Self.load(bytes))
        case .float16: self = .halves(Self.load(bytes))
        case .bfloat16: self = .bfloats(Self.load(bytes))
        case .int64: self = .integers(Self.load(bytes))
        case .int32: self = .int32(Self.load(bytes))
        case .int16: self = .int16(Self.load(bytes))
        case .int8: self = .int8(Self.load(bytes))
        case .uint64: self = .uint64(Self.load(bytes))
        case .uint32: self = .uint32(Self.load(bytes))
        case .uint16: self = .uint16(Self.load(bytes))
        case .uint8: self = .uint8(Array(bytes))
        case .bool: self = .booleans(bytes.map { $0 != 0 })
        case .string: self = .strings([])
        }
    }

    /// Elements as they lie in memory: all processors this runs on are little-endian.
    private static func load<Bytes: RandomAccessCollection<UInt8>, Value: BitwiseCopyable>(
        _ bytes: Bytes
    ) -> [Value] {
        let width = MemoryLayout<Value>.stride
        let count = bytes.count / width
        // SAFETY: exactly `count` values are read and written, and every pattern of bits is a value.
        let values = bytes.withContiguousStorageIfAvailable { buffer in
            let raw = UnsafeRawBufferPointer(buffer)
            return unsafe [Value](unsafeUninitializedCapacity: count) { values, initialized in
                for index in 0..<count {
                    unsafe values.initializeElement(
                        at: index,
                        to: raw.loadUnaligned(fromByteOffset: index * width, as: Value.self)
                    )
                }
                initialized = count
            }
        }
        return values ?? load(Array(bytes))
    }
}
