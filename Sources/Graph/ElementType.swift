/// The types of tensors' elements, of ONNX's those that a client can send.
public enum ElementType: String, Sendable, CaseIterable {
    case float32
    case float64
    case float16
    case bfloat16
    case int8
    case int16
    case int32
    case int64
    case uint8
    case uint16
    case uint32
    case uint64
    case bool
    case string

    /// A number of its own.
    package var ordinal: Int {
        switch self {
        case .float32: 0
        case .float64: 1
        case .float16: 2
        case .bfloat16: 3
        case .int8: 4
        case .int16: 5
        case .int32: 6
        case .int64: 7
        case .uint8: 8
        case .uint16: 9
        case .uint32: 10
        case .uint64: 11
        case .bool: 12
        case .string: 13
        }
    }

    /// Bytes of one element; nil for texts, whose lengths differ.
    public var byteCount: Int? {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        case .string: nil
        }
    }
}

/// The upper half of a float: eight bits of exponent, seven of mantissa.
public struct BFloat16: Sendable, Hashable, BitwiseCopyable {
    public let bitPattern: UInt16

    public init(bitPattern: UInt16) {
        self.bitPattern = bitPattern
    }

    /// Rounds to the nearest, ties to even; NaN stays NaN.
    public init(_ value: Float) {
        let bits = value.bitPattern
        guard !value.isNaN else {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
            return
        }
        let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
        bitPattern = UInt16(truncatingIfNeeded: rounded >> 16)
    }

    public var float: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}

extension ElementType {
    /// ONNX's number of the data type.
    package var onnx: Int {
        switch self {
        case .float32: 1
        case .uint8: 2
        case .int8: 3
        case .uint16: 4
        case .int16: 5
        case .int32: 6
        case .int64: 7
        case .string: 8
        case .bool: 9
        case .float16: 10
        case .float64: 11
        case .uint32: 12
        case .uint64: 13
        case .bfloat16: 16
        }
    }

    /// The type of an ONNX data type's number; nil for those that no client can send.
    package init?(onnx number: Int) {
        guard let type = Self.allCases.first(where: { $0.onnx == number }) else { return nil }
        self = type
    }
}
