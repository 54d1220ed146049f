/// x to the power of `exponent`, those that are a product or a root as such.
func power(_ exponent: Float, _ x: Floats, _ y: MutableFloats, _ count: Int) {
    switch exponent {
    case 2: mapAll(Square(), x, y, count)
    case 3: mapAll(Cube(), x, y, count)
    case 0.5: mapAll(PositiveRoot(), x, y, count)
    case -1: mapAll(Inverse(), x, y, count)
    default: mapAll(ConstantPower(exponent: splat(exponent)), x, y, count)
    }
}

private struct Square: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x * x }
}

private struct Cube: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x * x * x }
}

private struct PositiveRoot: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        // The root of −∞ is none, but the power 1/2 of it is ∞, and that of −0 is 0.
        squareRoot(x + Vector()).replacing(with: splat(.infinity), where: x .== splat(-.infinity))
    }
}

private struct Inverse: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { splat(1) / x }
}

private struct ConstantPower: VectorFunction {
    let exponent: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { power(x, exponent) }
}

/// xʸ as IEEE 754 has it: 2 to the power of y · log₂|x|, in twice the precision.
@_transparent
func power(_ x: Vector, _ y: Vector) -> Vector {
    let size = magnitude(x)
    let low = power(widenedLow(size), widenedLow(y))
    let high = power(widenedHigh(size), widenedHigh(y))
    let result = narrowed(low, high)
    let isNegative = signed(splat(1), like: x) .< 0
    let whole = rounded(y)
    let half = rounded(y * splat(0.5))
    // From 2²⁴ on all numbers are even: their halves are whole.
    let isOdd = (whole .== y) .& (half + half .!= y) .& (magnitude(y) .< splat(16_777_216))
    let turned = result.replacing(with: Vector() - result, where: isNegative .& isOdd)
    let isBroken = (x .< 0) .& (whole .!= y) .& (size .< splat(.infinity))
    let real = turned.replacing(with: splat(.nan), where: isBroken)
    return real.replacing(with: 1, where: (y .== 0) .| (x .== 1) .| isMinusOne(x, y))
}

/// −1 to the power of ±∞ is 1.
@_transparent
private func isMinusOne(_ x: Vector, _ y: Vector) -> SIMDMask<SIMD16<Int32>> {
    (x .== -1) .& (magnitude(y) .== splat(.infinity))
}

/// 2 to the power of y · log₂ x for x >= 0.
@_transparent
private func power(_ x: Doubles, _ y: Doubles) -> Doubles {
    // Beyond ±200 no float is left but 0 and ∞.
    let product = y * binaryLogarithm(x)
    let high = product.replacing(with: wide(200), where: product .> wide(200))
    return binaryPower(high.replacing(with: wide(-200), where: high .< wide(-200)))
}

/// log₂ x = k + 2 / ln 2 · artanh z, z = (m − 1) / (m + 1), |z| < 0.172, where x = 2ᵏ m, √½ <= m < √2.
@_transparent
func binaryLogarithm(_ x: Doubles) -> Doubles {
    // 0x3FE6A09E667F3BCD is √½; all floats are normal numbers here.
    let root = SIMD8<UInt64>(repeating: 0x3FE6_A09E_667F_3BCD)
    let offset = bits(x) &- root
    let m = doubles((offset & SIMD8(repeating: 0x000F_FFFF_FFFF_FFFF)) &+ root)
    // The exponent, moved by 1,024 so that it is never negative, in the low bits of 2⁵².
    let moved = (offset &+ SIMD8(repeating: 1024 << 52)) &>> SIMD8(repeating: 52)
    let k = doubles(moved | SIMD8(repeating: 0x4330_0000_0000_0000)) - wide(4_503_599_627_371_520.0)
    let z = (m - wide(1)) / (m + wide(1))
    let result = chained(k, z, areaSeries(z * z))
    let bounded = result.replacing(with: x, where: .!(x .< wide(.infinity)))
    return bounded.replacing(with: wide(-.infinity), where: x .== wide(0.0))
}

/// artanh z for |z| < 0.172.
@_transparent
func areaTangent(_ z: Doubles) -> Doubles {
    wide(0.346_573_590_279_972_65) * z * areaSeries(z * z)
}

/// 2 / ln 2 · artanh z / z by z².
@_transparent
private func areaSeries(_ square: Doubles) -> Doubles {
    var series = chained(wide(0.26230818925253880), square, wide(0.22195308321368667))
    series = chained(wide(0.32059889797532520), square, series)
    series = chained(wide(0.41219858311113240), square, series)
    series = chained(wide(0.57707801635558540), square, series)
    series = chained(wide(0.96179669392597560), square, series)
    return chained(wide(2.88539008177792680), square, series)
}

/// 2ˣ for x from −200 to 200; e to the power of what the nearest whole number leaves by its series.
@_transparent
func binaryPower(_ x: Doubles) -> Doubles {
    let magic = wide(6_755_399_441_055_744.0)
    let shifted = x + magic
    let r = (x - (shifted - magic)) * wide(0.69314718055994530942)
    var series = chained(wide(1.0 / 5040), r, wide(1.0 / 40320))
    series = chained(wide(1.0 / 720), r, series)
    series = chained(wide(1.0 / 120), r, series)
    series = chained(wide(1.0 / 24), r, series)
    series = chained(wide(1.0 / 6), r, series)
    series = chained(wide(0.5), r, series)
    series = chained(wide(1), r, series)
    series = chained(wide(1), r, series)
    let exponent = (bits(shifted) &+ SIMD8(repeating: 1023)) &<< SIMD8(repeating: 52)
    return series * doubles(exponent)
}
