import KernelInterface

// Functions made of one exponential, over all of the numbers: overflow, numbers below the normal ones and NaN included.

/// h · eˣ⁺ˡ as f · 2ⁿ, where l is what a sum has lost.
@_transparent
func exponential(
    _ x: Vector,
    plus low: Vector,
    times h: Vector
) -> (factor: Vector, power: Vector) {
    let bounded = raise(lower(x, to: splat(150)), to: splat(-150))
    let (_, n) = powerOfTwo(bounded)
    let high = chained(bounded, n, splat(-0.693145752))
    let excess = exponentialExcess(chained(high + low, n, splat(-1.42860677e-06)))
    return (chained(h, h, excess), n)
}

/// eˣ.
@_transparent
private func wholeExponential(_ x: Vector) -> Vector {
    let (factor, power) = exponential(x, plus: Vector(), times: splat(1))
    return scaled(factor, byPower: power)
}

/// x · 2ⁿ for x >= 0 that is 0 or from 2⁻²⁰ to 2²⁰ and whole n from −220 to 220, rounded once.
///
/// Processors take a hundred times as long where they make numbers below the normal ones; so those are made of whole
/// numbers of the smallest.
@_transparent
private func scaled(_ x: Vector, byPower n: Vector) -> Vector {
    let isSmall = n .< splat(-100)
    let shifted = product(x, power: n.replacing(with: n + splat(149), where: isSmall))
    let moved = floats(bits(shifted) &- SIMD16(repeating: 149 << 23))
    let magic = splat(8_388_608)
    let counted = floats(bits(shifted + magic) &- bits(magic))
    let small = moved.replacing(with: counted, where: shifted .< magic)
    return shifted.replacing(with: small, where: isSmall)
}

/// x · 2ⁿ for whole n from −220 to 220, rounded once; takes long where that is no normal number.
@_transparent
func product(_ x: Vector, power n: Vector) -> Vector {
    #if KERNEL_AVX512
    var (result, powers) = (x, n)
    striate_scale16(&result, &powers)
    return result
    #else
    let magic = splat(12_582_912)
    let half = chained(magic, n, splat(0.5))
    return x * scale(half) * scale(n - (half - magic) + magic)
    #endif
}

/// a · b − product in exact arithmetic, where `product` is the rounded one.
@_transparent
func lost(_ product: Vector, of a: Vector, _ b: Vector) -> Vector {
    fused(Vector() - product, a, b)
}

/// The units with parameters; types that hold vectors stay in one file.
func exponentialUnit(
    _ function: UnaryFunction,
    _ a: Float,
    _ b: Float,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    switch function {
    case .elu: mapAll(Elu(alpha: splat(a), slope: splat(b)), x, y, count)
    case .selu: mapAll(Selu(alpha: splat(a), gamma: splat(b)), x, y, count)
    default: mapAll(Swish(slope: splat(a)), x, y, count)
    }
}

struct Exponential: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        wholeExponential(x)
    }
}

/// eˣ − 1 for x <= 0.
@_transparent
private func exponentialLessOne(_ x: Vector) -> Vector {
    let (scale, excess) = exponentialParts(raise(lower(x, to: Vector()), to: splat(-87)))
    return chained(scale - splat(1), scale, excess)
}

/// x < 0 ? alpha · (exp(slope · x) − 1) : x.
private struct Elu: VectorFunction {
    let alpha: Vector
    let slope: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        x.replacing(with: alpha * exponentialLessOne(slope * x), where: x .< 0)
    }
}

/// x < 0 ? alpha · (exp(x) − 1) : gamma · x.
private struct Selu: VectorFunction {
    let alpha: Vector
    let gamma: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        (gamma * x).replacing(with: alpha * exponentialLessOne(x), where: x .< 0)
    }
}

/// x / (1 + exp(−slope · x)).
private struct Swish: VectorFunction {
    let slope: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let argument = slope * x
        // What the product has lost matters as much as the exponential is steep.
        let rest = lost(argument, of: slope, x)
        let isBounded = magnitude(argument) .< splat(200)
        return quotient(x, argument, Vector().replacing(with: rest, where: isBounded))
    }
}

/// x / (1 + exp(−(argument + lost))).
@_transparent
private func quotient(_ x: Vector, _ argument: Vector, _ lost: Vector) -> Vector {
    // Both in 256ths: below −88 the exponential alone is more than a float holds, the quotient is not.
    let unit = splat(1.0 / 256)
    // Beyond 40 the exponential is nothing beside 1.
    let bounded = raise(Vector() - argument, to: splat(-40))
    let (factor, n) = exponential(bounded, plus: Vector() - lost, times: unit)
    return x * unit / (unit + product(factor, power: n))
}

/// x · (1 + tanh u) / 2 = x / (1 + exp(−2u)), u = √(2/π) (x + 0.044715 x³).
struct GeluTanh: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let t = raise(lower(x, to: splat(30)), to: splat(-30))
        // 2u = t (a + b t²), a and b in two parts each; every product and sum with what it has lost.
        let (a, b) = (splat(1.5957692), splat(0.071354814))
        let square = t * t
        let cubic = b * square
        let factor = a + cubic
        let added = factor - a
        var rest = (a - (factor - added)) + (cubic - added) + lost(cubic, of: b, square)
        rest = chained(rest + splat(-4.534068e-8), b, lost(square, of: t, t))
        rest = chained(rest, splat(2.3988325e-9), square)
        let argument = t * factor
        return quotient(x, argument, chained(lost(argument, of: t, factor), t, rest))
    }
}

/// x · tanh(softplus(x)) = x · n / (n + 2), n = e (e + 2), e = eˣ.
struct Mish: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        // From 20 on the quotient is 1. The exponential of the half is a normal number down to −150.
        let bounded = raise(lower(x, to: splat(20)), to: splat(-150)) * splat(0.5)
        let (scale, excess) = exponentialParts(bounded)
        let result = narrowed(
            Self.product(widenedLow(x), widenedLow(scale), widenedLow(excess)),
            Self.product(widenedHigh(x), widenedHigh(scale), widenedHigh(excess))
        )
        return result.replacing(with: x * Vector(), where: x .< splat(-150))
    }

    @_transparent
    private static func product(_ x: Doubles, _ scale: Doubles, _ excess: Doubles) -> Doubles {
        let root = chained(scale, scale, excess)
        let e = root * root
        let n = e * (e + wide(2))
        return x * (n / (n + wide(2)))
    }
}

/// max(x, 0) + log(1 + exp(−|x|)).
struct Softplus: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let e = wholeExponential(Vector() - magnitude(x))
        // 1 + e = 2 (1 + f) or 1 + f, so that f is exact and small.
        let isLarge = e .> splat(0.41421356)
        let isTiny = e .< splat(1e-9)
        let near = e.replacing(with: Vector(), where: isTiny)
        let f = near.replacing(with: splat(0.5) * (e - splat(1)), where: isLarge)
        let two = Vector().replacing(with: splat(1), where: isLarge)
        let rest = logarithm(ofOnePlus: f, exponent: two).replacing(with: e, where: isTiny)
        return raise(x, to: Vector()) + rest
    }
}

/// erf x: a polynomial up to 0.93, then 1 − exp of one.
struct ErrorFunction: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let t = lower(magnitude(x), to: splat(4))
        let s = t * t
        var near = splat(-5.96761703e-4)
        near = chained(splat(4.99119423e-3), near, s)
        near = chained(splat(-2.67681349e-2), near, s)
        near = chained(splat(1.12819925e-1), near, s)
        near = chained(splat(-3.76125336e-1), near, s)
        near = chained(splat(1.28379166e-1), near, s)
        near = chained(t, near, t)
        var far = chained(splat(3.83197126e-4), splat(-1.72853470e-5), t)
        far = chained(chained(splat(2.42546219e-2), splat(-3.88396438e-3), t), far, s)
        far = chained(splat(-1.06777877e-1), far, t)
        far = chained(splat(-6.34846687e-1), far, t)
        far = chained(splat(-1.28717512e-1), far, t)
        far = chained(Vector() - t, far, t)
        let (scale, excess) = exponentialParts(far)
        let rest = splat(1) - chained(scale, scale, excess)
        let size = near.replacing(with: rest, where: t .> splat(0.927734375))
        return signed(size, like: x)
    }
}
