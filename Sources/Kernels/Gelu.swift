import KernelInterface

/// x · Φ(x) = max(x, 0) − t · Φ(−t), t = |x|: Φ(−t) in eight pieces up to 5.2, by an exponential beyond.
///
/// Over all floats 2.43 units in the last place at most (2.4 where products are not fused).
struct Gelu: VectorFunction {
    /// Where the pieces end.
    private static let reach: Float = 5.2

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let t = lower(magnitude(x), to: splat(Self.reach))
        let positive = raise(x, to: Vector())
        let near = fused(positive, Vector() - t, Self.tail(t))
        var negative = x - positive
        if striate_exceeds16(&negative, Self.reach) == 0 { return near }
        return near.replacing(with: Self.far(x), where: x .< splat(-Self.reach))
    }

    /// Φ(−t) for 0 <= t <= 5.2.
    @_transparent
    private static func tail(_ t: Vector) -> Vector {
        // In sixteenths of a piece, whose number is above the lowest four bits.
        let sum = chained(splat(786_432), t, chained(splat(0.769), splat(0.14649409), t))
        let places = bits(sum) &>> SIMD16(repeating: 4)
        let r = row(0, places) - t
        var p = row(9, places)
        p = chained(row(8, places), p, r)
        p = chained(row(7, places), p, r)
        p = chained(row(6, places), p, r)
        p = chained(row(5, places), p, r)
        p = chained(row(4, places), p, r)
        p = fused(row(3, places), p, r)
        p = fused(row(2, places), p, r)
        return fused(row(1, places), p, r)
    }

    @_transparent
    private static func row(_ number: Int32, _ places: SIMD16<UInt32>) -> Vector {
        var (row, places) = (Vector(), places)
        striate_normal_row(&row, &places, number)
        return row
    }

    /// For x < −5: −exp(−x² / 2) · P(1 / x²), P a fit of 2e-9.
    @_transparent
    private static func far(_ x: Vector) -> Vector {
        // Below −14.4 what is left rounds to 0.
        let isNothing = x .< splat(-14.4)
        let t = magnitude(x).replacing(with: splat(8), where: isNothing .| (x .> splat(-5)))
        let square = t * t
        let w = splat(1) / square
        var p = chained(splat(32.508892), splat(-125.071), w)
        p = chained(splat(-5.7843596), p, w)
        p = chained(splat(1.1945063), p, w)
        p = chained(splat(-0.398929), p, w)
        p = chained(splat(0.39894225), p, w)
        let missing = splat(-0.5) * lost(square, of: t, t)
        let (factor, n) = exponential(splat(-0.5) * square, plus: missing, times: Vector() - p)
        return product(factor, power: n).replacing(with: signedZero, where: isNothing)
    }

    @_transparent
    private static var signedZero: Vector { splat(-0.0) }
}
