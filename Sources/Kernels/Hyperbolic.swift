import KernelInterface

/// eᵗ for 0 <= t; beyond 100, of which no float is left but ∞, that of 100.
@_transparent
private func boundedExponential(_ t: Doubles) -> Doubles {
    let bounded = t.replacing(with: wide(100), where: t .> wide(100))
    return binaryPower(bounded * wide(1.442_695_040_888_963_4))
}

private struct WideHyperbolicSine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let t = magnitude(x)
        let z = t * t
        // Up to 1 the difference of two exponentials would lose too much.
        var p = chained(wide(1.0 / 362_880), z, wide(1.0 / 39_916_800))
        p = chained(wide(1.0 / 5040), z, p)
        p = chained(wide(1.0 / 120), z, p)
        p = chained(wide(1.0 / 6), z, p)
        let near = chained(t, t * z, p)
        let power = boundedExponential(t)
        let far = wide(0.5) * (power - wide(1) / power)
        return signed(near.replacing(with: far, where: t .> wide(1)), like: x)
    }
}

private struct WideHyperbolicCosine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let power = boundedExponential(magnitude(x))
        return wide(0.5) * (power + wide(1) / power)
    }
}

/// log x of a positive number.
@_transparent
private func logarithm(_ x: Doubles) -> Doubles {
    wide(0.693_147_180_559_945_3) * binaryLogarithm(x)
}

private struct WideAreaTangent: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let t = magnitude(x)
        let far = wide(0.5) * logarithm((wide(1) + t) / (wide(1) - t))
        let size = areaTangent(t).replacing(with: far, where: .!(t .< wide(0.17)))
        return signed(size.replacing(with: wide(.nan), where: t .> wide(1)), like: x)
    }
}

private struct WideAreaSine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        let t = magnitude(x)
        let root = squareRoot(chained(wide(1), t, t))
        let near = areaTangent(t / root)
        let far = logarithm(t + root)
        return signed(near.replacing(with: far, where: .!(t .< wide(0.17))), like: x)
    }
}

private struct WideAreaCosine: WideFunction {
    @_transparent
    func callAsFunction(_ x: Doubles) -> Doubles {
        logarithm(x + squareRoot((x - wide(1)) * (x + wide(1))))
            .replacing(with: wide(.nan), where: x .< wide(1))
    }
}

struct HyperbolicSine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideHyperbolicSine())(x) }
}

struct HyperbolicCosine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideHyperbolicCosine())(x) }
}

struct AreaTangent: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideAreaTangent())(x) }
}

struct AreaSine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideAreaSine())(x) }
}

struct AreaCosine: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { Widened(function: WideAreaCosine())(x) }
}
