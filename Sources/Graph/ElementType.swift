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
    /// The type of an ONNX data type's number; nil for those that no client can send.
    package init?(onnx number: Int) {
        let types: [Int: ElementType] = [
            1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64,
            8: .string, 9: .bool, 10: .float16, 11: .float64, 12: .uint32, 13: .uint64,
            16: .bfloat16,
        ]
        guard let type = types[number] else { return nil }
        self = type
    }
}
