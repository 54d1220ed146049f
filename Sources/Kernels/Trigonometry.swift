import KernelInterface

/// Where n is odd, the second number: comparisons of whole numbers would be made lane by lane.
@_transparent
private func chosen(_ even: Doubles, _ odd: Doubles, byLastBitOf n: SIMD8<UInt64>) -> Doubles {
    let mask = SIMD8<UInt64>() &- (n & SIMD8(repeating: 1))
    return doubles(bits(even) & ~mask | bits(odd) & mask)
}

/// x = n · π/2 + r, |r| <= π/4, with n's low bits.
private struct Quadrant {
    let r: Doubles
    let n: SIMD8<UInt64>

    @_transparent
    init(_ x: Doubles) {
        let magic = wide(6_755_399_441_055_744.0)
        let shifted = chained(magic, x, wide(0.6366197723675814))
        let turns = shifted - magic
        // π/2 in two parts, the first of 25 bits: products with it are exact.
        let first = chained(x, turns, wide(-1.57079631090164184570))
        var r = chained(first, turns, wide(-1.58932547735281966916e-8))
        var n = bits(shifted)
        var source = x
        if striate_exceeds8(&source, Self.limit) != 0 {
            for lane in 0..<8 where !(x[lane].magnitude <= Self.limit) {
                (r[lane], n[lane]) = Self.reduced(Float(x[lane]))
            }
        }
        (self.r, self.n) = (r, n)
    }

    /// Up to here the products with the first part of π/2 are exact.
    private static var limit: Double { 2e8 }

    /// The same for a number of any size, by as many bits of 2/π as its exponent asks for.
    @inline(never)
    private static func reduced(_ x: Float) -> (r: Double, n: UInt64) {
        let pattern = x.bitPattern
        guard pattern & 0x7F80_0000 != 0x7F80_0000 else { return (.nan, 0) }
        let mantissa = UInt64(pattern & 0x007F_FFFF) << 8 | 0x8000_0000
        let exponent = Int(truncatingIfNeeded: pattern >> 23 & 0xFF) &- 126
        let (word, shift) = (exponent &>> 5, UInt64(truncatingIfNeeded: exponent & 31))
        // 96 bits of 2/π from where they count.
        let top = twoOverPi(word &- 1) << 32 | twoOverPi(word)
        let bottom = twoOverPi(word &+ 1) << 32 | twoOverPi(word &+ 2)
        let high = shift == 0 ? top : top << shift | bottom >> (64 &- shift)
        let low = (shift == 0 ? bottom : bottom << shift) >> 32
        var product = (mantissa &* low) >> 32
        product = product &+ mantissa &* (high & 0xFFFF_FFFF)
        product = product &+ (mantissa &* (high >> 32)) << 32
        // Two bits of quadrant, then the fraction, rounded to the nearest quadrant.
        var n = product >> 62
        let fraction = Int64(bitPattern: product << 2)
        if fraction < 0 { n = n &+ 1 }
        // As a signed number the fraction is between −1/2 and 1/2: times π/2 · 2⁻⁶⁴.
        let r = Double(fraction) * 8.515303950216386e-20
        return pattern >> 31 == 0 ? (r, n) : (-r, 0 &- n)
    }

    /// 2/π in words of 32 bits, the first from 2⁻³⁴ times them on.
    @_transparent
    private static func twoOverPi(_ word: Int) -> UInt64 {
        switch word {
        case 0: 0x28BE_60DB
        case 1: 0x9391_054A
        case 2: 0x7F09_D5F4
        case 3: 0x7D4D_3770
        case 4: 0x36D8_A566
        case 5: 0x4F10_E410
        default: 0
        }
    }

    @inline(__always)
    var sine: Doubles {
        let z = r * r
        var p = chained(wide(-0.000198393348360966317347), z, wide(0.0000027183114939898219064))
        p = chained(wide(0.0083333293858894631756), z, p)
        p = chained(wide(-0.166666666416265235595), z, p)
        return chained(r, r * z, p)
    }

    @inline(__always)
    var cosine: Doubles {
        let z = r * r
        var p = chained(wide(-0.00138867637746099294692), z, wide(0.0000243904487962774090654))
        p = chained(wide(0.0416666233237390631894), z, p)
        p = chained(wide(-0.499999997251031003120), z, p)
        return chained(wide(1), z, p)
    }

    /// The sine of x, or with `turn` 1 its cosine.
    @_transparent
    func value(turn: UInt64) -> Doubles {
        let n = n &+ SIMD8(repeating: turn)
        let size = chosen(sine, cosine, byLastBitOf: n)
        return doubles(bits(size) ^ (n & SIMD8(repeating: 2)) &<< SIMD8(repeating: 62))
    }

    /// The tangent of r, or, where x lies in an odd quadrant, −1 over it.
    @inline(__always)
    var tangent: Doubles {
        let (sine, cosine) = (sine, cosine)
        let above = chosen(sine, Doubles() - cosine, byLastBitOf: n)
        return above / chosen(cosine, sine, byLastBitOf: n)
    }
}

private struct WideSine: WideFunction {
    let turn: UInt64

    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles { Quadrant(x).value(turn: turn) }
}

private struct WideTangent: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles { Quadrant(x).tangent }
}

#if KERNEL_FMA || arch(arm64)
/// The same in single precision, for numbers up to a limit: 1.6 ulp.
private struct ShortQuadrant {
    let r: Vector
    let n: SIMD16<UInt32>

    /// Up to here π/2 in three parts of 24 bits is exact enough.
    static var limit: Float { 1e5 }

    @_transparent
    init(_ x: Vector) {
        let magic = Vector(repeating: 12_582_912)
        let shifted = fused(magic, x, Vector(repeating: 0.636_619_772))
        let turns = shifted - magic
        // The first difference is exact: both are multiples of 2⁻²³, or of x's own last bit, and nearly the same.
        let first = fused(x, turns, Vector(repeating: -1.570_796_251_296_997))
        let second = fused(first, turns, Vector(repeating: -7.549_789_415_861_596e-8))
        r = fused(second, turns, Vector(repeating: -5.390_302_529_957_765e-15))
        n = bits(shifted)
    }

    /// The sine of x, or with `turn` 1 its cosine.
    @_transparent
    func value(turn: UInt32) -> Vector {
        let z = r * r
        var p = fused(
            Vector(repeating: 8.332_160_873_6e-3),
            z,
            Vector(repeating: -1.951_529_589_1e-4)
        )
        p = fused(Vector(repeating: -1.666_665_461_1e-1), p, z)
        let sine = fused(r, r * z, p)
        p = fused(
            Vector(repeating: -1.388_731_625_493_765e-3),
            z,
            Vector(repeating: 2.443_315_711_809_948e-5)
        )
        p = fused(Vector(repeating: 4.166_664_568_298_827e-2), p, z)
        let cosine = fused(fused(Vector(repeating: 1), z, Vector(repeating: -0.5)), z * z, p)
        let n = n &+ SIMD16(repeating: turn)
        let mask = SIMD16<UInt32>() &- (n & SIMD16(repeating: 1))
        let size = bits(sine) & ~mask | bits(cosine) & mask
        return floats(size ^ (n & SIMD16(repeating: 2)) &<< SIMD16(repeating: 30))
    }
}

/// Numbers beyond the limit in twice their precision, each by itself, so that no neighbour changes it.
@inline(never)
private func replaceLarge(_ values: inout Vector, of x: Vector, turn: UInt64) {
    let exact = Widened(function: WideSine(turn: turn))(x)
    for lane in 0..<16 where !(x[lane].magnitude <= ShortQuadrant.limit) {
        values[lane] = exact[lane]
    }
}

@_transparent
private func sine(_ x: Vector, turn: UInt32) -> Vector {
    var values = ShortQuadrant(x).value(turn: turn)
    var source = x
    if striate_exceeds16(&source, ShortQuadrant.limit) != 0 {
        replaceLarge(&values, of: x, turn: UInt64(turn))
    }
    return values
}
#else
@_transparent
private func sine(_ x: Vector, turn: UInt32) -> Vector {
    Widened(function: WideSine(turn: UInt64(turn)))(x)
}
#endif

struct Sine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { sine(x, turn: 0) }
}

struct Cosine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { sine(x, turn: 1) }
}

struct Tangent: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideTangent())(x) }
}
