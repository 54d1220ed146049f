/// Of all decimal numbers that read back to a float those with the fewest digits, and of these the nearest.
///
/// The value is significand × 10^exponent; the significand has at most nine digits and may end in zeros.
/// Follows Giulietti, "The Schubfach way to render doubles" (2020), for binary32.
struct ShortestDecimal {
    let significand: UInt32
    let exponent: Int

    /// The decimal form of |value|, which must be finite.
    @inline(__always)
    init(_ value: Float) {
        let fraction = value.bitPattern & 0x7F_FFFF
        let biased = Int(value.bitPattern >> 23 & 0xFF)
        let isSubnormal = biased == 0
        // |value| is whole × 2^power.
        let whole = isSubnormal ? fraction : fraction | 0x80_0000
        let power = isSubnormal ? -149 : biased - 150
        if power <= 0, power > -24, whole.trailingZeroBitCount >= -power {
            self.init(significand: whole &>> UInt32(-power), exponent: 0)
        } else if whole == 0 {
            self.init(significand: 0, exponent: 0)
        } else {
            self.init(whole, power, isLowerGapHalved: fraction == 0 && biased > 1)
        }
    }

    private init(significand: UInt32, exponent: Int) {
        self.significand = significand
        self.exponent = exponent
    }

    /// Below a power of two the floats lie twice as close as above it.
    @inline(__always)
    private init(_ whole: UInt32, _ power: Int, isLowerGapHalved: Bool) {
        // 10^exponent is the greatest power of ten that is no wider than the interval: log10(2) and
        // log10(4/3) times 2^22.
        let exponent = (power * 1_262_611 - (isLowerGapHalved ? 524_031 : 0)) >> 22
        let scale = UInt32(power + (-exponent * 1_741_647) >> 19 + 1)
        let (high, low) = PowersOfFive.power(-exponent)
        let tenth = high &+ (low == 0 ? 0 : 1)

        // Four times the value and the ends of what rounds to it, in units of 10^exponent; even floats own the ends.
        let quadruple = Self.product(tenth, (4 * whole) &<< scale)
        let lowest = Self.product(tenth, (4 * whole - (isLowerGapHalved ? 1 : 2)) &<< scale)
        let highest = Self.product(tenth, (4 * whole + 2) &<< scale)
        let least = lowest + whole & 1
        let most = highest - whole & 1

        let floor = quadruple >> 2
        let tens = floor / 10
        let isTenInside = least <= 40 * tens
        let isNextTenInside = 40 * tens + 40 <= most
        if floor >= 10, isTenInside != isNextTenInside {
            self.init(significand: tens + (isNextTenInside ? 1 : 0), exponent: exponent + 1)
            return
        }
        let isFloorInside = least <= 4 * floor
        let isNextInside = 4 * floor + 4 <= most
        let middle = 4 * floor + 2
        let isAbove = quadruple > middle || (quadruple == middle && floor & 1 == 1)
        let roundsUp = isFloorInside != isNextInside ? isNextInside : isAbove
        self.init(significand: floor + (roundsUp ? 1 : 0), exponent: exponent)
    }

    /// factor × value / 2^64, its last bit set if anything was cut off: enough to compare with whole numbers.
    @inline(__always)
    private static func product(_ factor: UInt64, _ value: UInt32) -> UInt32 {
        let (high, low) = factor.multipliedFullWidth(by: UInt64(value))
        return UInt32(truncatingIfNeeded: high) | (low >> 32 > 1 ? 1 : 0)
    }
}
