import Compute
import Graph

/// Tensors as raw little-endian elements, row-major and packed (the binary_tensor_data extension).
///
/// A truth value is one byte; a text is its length in four bytes, then its bytes.
enum BinaryTensors {
    /// Copies elements out of a body, once; `count` is the product of the tensor's shape.
    static func decode(
        _ bytes: RawSpan,
        as datatype: Datatype,
        count: Int
    ) throws(BinaryTensorError) -> Tensor.Elements {
        if let size = datatype.byteCount {
            let (expected, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, bytes.byteCount == expected else {
                throw .size(expected: overflow ? Int.max : expected, got: bytes.byteCount)
            }
        }
        switch datatype {
        case .bool: return .booleans(try booleans(bytes))
        case .uint8: return .uint8(copy(bytes, count))
        case .uint16: return .uint16(copy(bytes, count))
        case .uint32: return .uint32(copy(bytes, count))
        case .uint64: return .uint64(copy(bytes, count))
        case .int8: return .int8(copy(bytes, count))
        case .int16: return .int16(copy(bytes, count))
        case .int32: return .int32(copy(bytes, count))
        case .int64: return .integers(copy(bytes, count))
        case .float16: return .halves(copy(bytes, count))
        case .bfloat16: return .bfloats(copy(bytes, count))
        case .float32: return .floats(copy(bytes, count))
        case .float64: return .doubles(copy(bytes, count))
        case .bytes: return .strings(try texts(bytes, count))
        }
    }

    /// Appends elements to a body, once.
    static func append(_ elements: Tensor.Elements, to body: inout [UInt8]) {
        switch elements {
        case .booleans(let values): body.append(contentsOf: values.lazy.map { $0 ? 1 : 0 })
        case .uint8(let values): append(values, to: &body)
        case .uint16(let values): append(values, to: &body)
        case .uint32(let values): append(values, to: &body)
        case .uint64(let values): append(values, to: &body)
        case .int8(let values): append(values, to: &body)
        case .int16(let values): append(values, to: &body)
        case .int32(let values): append(values, to: &body)
        case .integers(let values): append(values, to: &body)
        case .halves(let values): append(values, to: &body)
        case .bfloats(let values): append(values, to: &body)
        case .floats(let values): append(values, to: &body)
        case .doubles(let values): append(values, to: &body)
        case .strings(let values):
            for text in values {
                append([UInt32(text.count)], to: &body)
                body.append(contentsOf: text)
            }
        }
    }
}

/// Why bytes are not a tensor's elements.
enum BinaryTensorError: Error, Equatable, Sendable {
    case size(expected: Int, got: Int)
    case notBoolean(index: Int, byte: UInt8)
    /// The text with this index has a length that leads out of the tensor, or is missing.
    case truncatedText(index: Int)
    case tooManyBytes(texts: Int, left: Int)
}

extension BinaryTensors {
    /// Every machine this is built for stores its numbers little-endian, as the wire does.
    private static func copy<Element: BitwiseCopyable>(_ bytes: RawSpan, _ count: Int) -> [Element]
    {
        // SAFETY: the caller checked that there are bytes for `count` elements, and every bit pattern is one.
        unsafe [Element](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
            }
            filled = count
        }
    }

    private static func append<Element: BitwiseCopyable>(
        _ values: [Element],
        to body: inout [UInt8]
    ) {
        // SAFETY: the pointer does not leave the closure.
        unsafe values.withUnsafeBytes { unsafe body.append(contentsOf: $0) }
    }

    private static func booleans(_ bytes: RawSpan) throws(BinaryTensorError) -> [Bool] {
        var values: [Bool] = []
        values.reserveCapacity(bytes.byteCount)
        for index in 0..<bytes.byteCount {
            let byte = bytes.byte(at: index)
            guard byte <= 1 else { throw .notBoolean(index: index, byte: byte) }
            values.append(byte == 1)
        }
        return values
    }

    private static func texts(
        _ bytes: RawSpan,
        _ count: Int
    ) throws(BinaryTensorError) -> [[UInt8]] {
        // A text takes four bytes at least: nothing is reserved for those that cannot be there.
        guard count <= bytes.byteCount / 4 else { throw .truncatedText(index: bytes.byteCount / 4) }
        var values: [[UInt8]] = []
        values.reserveCapacity(count)
        var offset = 0
        for index in 0..<count {
            guard bytes.byteCount - offset >= 4 else { throw .truncatedText(index: index) }
            let length = (0..<4).reduce(0) { $0 | Int(bytes.byte(at: offset + $1)) << (8 * $1) }
            offset += 4
            guard length <= bytes.byteCount - offset else { throw .truncatedText(index: index) }
            values.append(copy(bytes.extracting(offset..<offset + length), length))
            offset += length
        }
        guard offset == bytes.byteCount else {
            throw .tooManyBytes(texts: count, left: bytes.byteCount - offset)
        }
        return values
    }
}

extension RawSpan {
    /// The byte at an offset inside.
    fileprivate func byte(at offset: Int) -> UInt8 {
        // SAFETY: `unsafeLoad` checks the bounds, and every bit pattern is a byte.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
