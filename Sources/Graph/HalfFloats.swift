/// Between float32 and its short forms, without a call or a branch for each number: loops over many are vectors.
package enum HalfFloats {
    package static func float(half: UInt16) -> Float {
        // The exponent's bias is 15 there and 127 here; numbers below 2⁻¹⁴ come right by the product too.
        let size = Float(bitPattern: UInt32(half & 0x7FFF) << 13) * 0x1p112
        let special: UInt32 = half & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
        let sign = UInt32(half & 0x8000) << 16
        return Float(bitPattern: size.bitPattern | special | sign)
    }

    /// The nearest, ties to even.
    package static func half(_ number: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: number.bitPattern >> 16) & 0x8000
        let size = number.bitPattern & 0x7FFF_FFFF
        let normal = (size &+ 0xFFF &+ (size >> 13 & 1)) >> 13 &- 112 << 10
        // Between 1/2 and 1 neighbours are 2⁻²⁴ apart, as the smallest halves are.
        let small = (Float(bitPattern: size) + 0.5).bitPattern &- Float(0.5).bitPattern
        let finite = size < Float(0x1p-14).bitPattern ? small : normal
        let bounded = size < Float(65_520).bitPattern ? finite : 0x7C00
        let isNumber = size <= Float.infinity.bitPattern
        return sign | UInt16(truncatingIfNeeded: isNumber ? bounded : 0x7E00)
    }

    /// As many numbers as the bytes hold; `type` has 16 bits.
    package static func floats(_ patterns: [UInt16], _ type: ElementType) -> [Float] {
        type == .float16
            ? patterns.map { float(half: $0) }
            : patterns.map { Float(bitPattern: UInt32($0) << 16) }
    }
}

extension Tensor.Elements {
    /// Numbers of 16 bits as float32; all others as they are.
    package var widened: Self {
        switch self {
        case .halves(let values): .floats(values.map { HalfFloats.float(half: $0.bitPattern) })
        case .bfloats(let values): .floats(values.map(\.float))
        default: self
        }
    }

    /// A part of numbers of 16 bits as float32; nothing of others.
    package func widened(_ part: Range<Int>) -> [Float] {
        switch self {
        case .halves(let values): values[part].map { HalfFloats.float(half: $0.bitPattern) }
        case .bfloats(let values): values[part].map(\.float)
        default: []
        }
    }

    /// Float32 numbers in a type of 16 bits; as they are in any other.
    package func narrowed(to type: ElementType) -> Self {
        guard case .floats(let values) = self else { return self }
        switch type {
        case .float16:
            return .halves(values.map { Float16(bitPattern: HalfFloats.half($0)) })
        case .bfloat16: return .bfloats(values.map { BFloat16($0) })
        default: return self
        }
    }
}
