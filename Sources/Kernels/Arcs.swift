import KernelInterface

/// tan⁻¹ of numerator / denominator, neither below 0 nor both 0.
///
/// The quotient is less than tan (π/8) once it is turned by π/4 or π/2; there a fit is off by 6 · 10⁻¹⁰ at most.
@_transparent
private func arcTangent(_ numerator: Doubles, over denominator: Doubles) -> Doubles {
    let isSteep = numerator .> wide(0.414_213_562_373_095_05) * denominator
    let isSteepest = numerator .> wide(2.414_213_562_373_095) * denominator
    var above = numerator.replacing(with: numerator - denominator, where: isSteep)
    var below = denominator.replacing(with: numerator + denominator, where: isSteep)
    above = above.replacing(with: Doubles() - denominator, where: isSteepest)
    below = below.replacing(with: numerator, where: isSteepest)
    let turn = Doubles().replacing(with: wide(.pi / 4), where: isSteep)
        .replacing(with: wide(.pi / 2), where: isSteepest)
    let t = above / below
    let z = t * t
    var p = chained(wide(0.105_697_380_073_784_7), z, wide(-0.060_260_709_468_773_93))
    p = chained(wide(-0.142_395_204_925_926_14), z, p)
    p = chained(wide(0.199_981_823_839_539_33), z, p)
    p = chained(wide(-0.333_333_068_808_609_4), z, p)
    p = chained(wide(0.999_999_999_370_874_9), z, p)
    return chained(turn, t, p)
}

private struct WideArcTangent: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        signed(arcTangent(magnitude(x), over: wide(1)), like: x)
    }
}

private struct WideArcSine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let t = magnitude(x)
        return signed(arcTangent(t, over: rootOfRest(t)), like: x)
    }
}

private struct WideArcCosine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let t = magnitude(x)
        let angle = arcTangent(rootOfRest(t), over: t)
        return angle.replacing(with: wide(.pi) - angle, where: x .< wide(0.0))
    }
}

/// √(1 − t²); not a number beyond 1.
@_transparent
private func rootOfRest(_ t: Doubles) -> Doubles {
    squareRoot((wide(1) - t) * (wide(1) + t))
}

struct ArcTangent: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideArcTangent())(x) }
}

struct ArcSine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideArcSine())(x) }
}

struct ArcCosine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideArcCosine())(x) }
}
