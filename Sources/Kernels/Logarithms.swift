import KernelInterface

/// The natural logarithm; of 0 −∞, of negative numbers NaN.
struct Logarithm: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let isSmall = x .< splat(.leastNormalMagnitude)
        let normal = x.replacing(with: x * splat(8_388_608), where: isSmall)
        // x = 2ᵏ (1 + f), √½ <= 1 + f < √2: 0x3F3504F3 is √½.
        let offset = bits(normal) &- SIMD16(repeating: 0x3F35_04F3)
        let exponent = unsafeBitCast(offset, to: SIMD16<Int32>.self) &>> SIMD16(repeating: 23)
        let fraction = (offset & SIMD16(repeating: 0x007F_FFFF)) &+ SIMD16(repeating: 0x3F35_04F3)
        // 1.5 · 2²³ + k, k in the low bits.
        let steps = unsafeBitCast(exponent, to: SIMD16<UInt32>.self)
        let shifted = steps &+ bits(splat(12_582_912))
        var k = floats(shifted) - splat(12_582_912)
        k = k.replacing(with: k - splat(23), where: isSmall)
        let result = logarithm(ofOnePlus: floats(fraction) - splat(1), exponent: k)
        let bounded = result.replacing(with: x, where: .!(x .< splat(.infinity)))
        let defined = bounded.replacing(with: splat(.nan), where: x .< 0)
        return defined.replacing(with: splat(-.infinity), where: x .== 0)
    }
}

/// log(1 + f) + k · ln 2 for √½ <= 1 + f < √2.
@_transparent
func logarithm(ofOnePlus f: Vector, exponent k: Vector) -> Vector {
    var p = splat(7.0376836292e-2)
    p = chained(splat(-1.1514610310e-1), p, f)
    p = chained(splat(1.1676998740e-1), p, f)
    p = chained(splat(-1.2420140846e-1), p, f)
    p = chained(splat(1.4249322787e-1), p, f)
    p = chained(splat(-1.6668057665e-1), p, f)
    p = chained(splat(2.0000714765e-1), p, f)
    p = chained(splat(-2.4999993993e-1), p, f)
    p = chained(splat(3.3333331174e-1), p, f)
    let square = f * f
    // k · ln 2 in two parts, the smaller first.
    var rest = chained(k * splat(-2.12194440e-4), square, f * p)
    rest = chained(rest, square, splat(-0.5))
    return chained(rest + f, k, splat(0.693359375))
}
