import KernelInterface

/// y = activation(x) for any count; a maxout pair has no meaning here and leaves x.
func activate(_ activation: Activation, _ x: Floats, _ y: MutableFloats, _ count: Int) {
    switch activation {
    case .relu: map(Relu(), x, y, count)
    case .tanh: map(Tanh(), x, y, count)
    case .sigmoid: map(Sigmoid(), x, y, count)
    case .saturating: map(Saturating(), x, y, count)
    case .none, .maxoutPair: map(Identity(), x, y, count)
    }
}

/// A function of sixteen numbers; a closure would be called with vectors in memory, not inlined.
protocol VectorFunction {
    func callAsFunction(_ x: Vector) -> Vector
}

private struct Identity: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x }
}

private struct Relu: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { raise(x, to: Vector()) }
}

private struct Tanh: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { tanh(x) }
}

private struct Sigmoid: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { sigmoid(x) }
}

/// y = min(high, max(low, x)).
func clip(_ low: Float, _ high: Float, _ x: Floats, _ y: MutableFloats, _ count: Int) {
    map(Clip(low: splat(low), high: splat(high)), x, y, count)
}

private struct Clip: VectorFunction {
    let low: Vector
    let high: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { lower(raise(x, to: low), to: high) }
}

private struct Saturating: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { saturating(x) }
}

/// Applies `function` to every element, sixteen at a time.
@_transparent
func map<Function: VectorFunction>(
    _ function: Function,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index &+ 16 <= count {
        store(function(load(x + index)), y + index)
        index &+= 16
    }
    let rest = count &- index
    if rest > 0 { store(function(load(x + index, count: rest)), y + index, count: rest) }
}

/// y = activation(y) for the first 8 channels of blocked pixels, `step` floats apart; the others become zero.
func activateHalves(_ activation: Activation, _ y: MutableFloats, _ pixels: Int, _ step: Int) {
    switch activation {
    case .tanh: mapHalves(Tanh(), y, pixels, step)
    case .sigmoid: mapHalves(Sigmoid(), y, pixels, step)
    default: break
    }
}

/// Two pixels at a time; an odd last one is its own partner.
@_transparent
private func mapHalves<Function: VectorFunction>(
    _ function: Function,
    _ y: MutableFloats,
    _ pixels: Int,
    _ step: Int
) {
    var pixel = 0
    #if KERNEL_AVX512
    // Halves that are joined would be computed in half registers: they are joined in memory first.
    if step == 16 {
        let pairs = pixels / 2
        for pair in 0..<pairs { copyHalf(y + (pair &* 32 &+ 16), y + (pair &* 32 &+ 8)) }
        for pair in 0..<pairs {
            let first = y + pair &* 32
            let both = function(load(first))
            store(both, first + 8)
            store(both, first)
            for lane in 8..<16 { first[lane] = 0 }
        }
        pixel = pairs &* 2
    }
    #endif
    while pixel < pixels {
        let first = y + pixel &* step
        let second = pixel &+ 1 < pixels ? first + step : first
        let both = function(joined(load(first).lowHalf, load(second).lowHalf))
        store(joined(both.lowHalf, SIMD8()), first)
        store(joined(both.highHalf, SIMD8()), second)
        pixel &+= 2
    }
}

#if KERNEL_AVX512
@_transparent
private func copyHalf(_ source: Floats, _ target: MutableFloats) {
    UnsafeMutableRawPointer(target).storeBytes(of: loadHalf(source), as: SIMD8<Float>.self)
}
#endif

/// 2ⁿ and eʳ − 1 where x = n · ln 2 + r and |r| <= ln 2 / 2.
@_transparent
func exponentialParts(_ x: Vector) -> (scale: Vector, excess: Vector) {
    let (shifted, n) = powerOfTwo(x)
    let r = chained(chained(x, n, splat(-0.693145752)), n, splat(-1.42860677e-06))
    return (scale(shifted), exponentialExcess(r))
}

/// The whole number nearest to x / ln 2: in the low bits, and as a number.
@_transparent
func powerOfTwo(_ x: Vector) -> (shifted: Vector, n: Vector) {
    // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
    let magic = splat(12_582_912)
    let shifted = chained(magic, x, splat(1.44269504))
    return (shifted, shifted - magic)
}

/// 2ⁿ where n is in the low bits.
@_transparent
func scale(_ shifted: Vector) -> Vector {
    let bits = unsafeBitCast(shifted, to: SIMD16<UInt32>.self)
    let exponent = (bits &+ SIMD16<UInt32>(repeating: 127)) &<< SIMD16<UInt32>(repeating: 23)
    return unsafeBitCast(exponent, to: Vector.self)
}

/// eʳ − 1 = r + r² q(r), the polynomial a fit of its own: 0.24 ulp in exact arithmetic.
@_transparent
func exponentialExcess(_ r: Vector) -> Vector {
    var q = splat(0.001394757186)
    q = chained(splat(0.008367233910), q, r)
    q = chained(splat(0.041666265577), q, r)
    q = chained(splat(0.166665375232), q, r)
    q = chained(splat(0.5), q, r)
    return chained(r, r * r, q)
}

/// eˣ for x <= 88.37; 0 below −87.33, where the result would not be a normal number.
@_transparent
func exponential(_ x: Vector) -> Vector {
    let (scale, excess) = exponentialParts(
        raise(lower(x, to: splat(88.37)), to: splat(-87.33))
    )
    return chained(scale, scale, excess).replacing(with: 0, where: x .< splat(-87.33))
}

/// tanh x = e / (e + 2) with e = e²ˣ − 1, which is ±1 in single precision beyond ±9.02.
@_transparent
func tanh(_ x: Vector) -> Vector {
    let bounded = raise(lower(x, to: splat(9.02)), to: splat(-9.02))
    let (scale, excess) = exponentialParts(bounded + bounded)
    let e = chained(scale - splat(1), scale, excess)
    return e / (e + splat(2))
}

/// σ(x) = 1 / (1 + e⁻ˣ), not below 1.2e-38: numbers below the normal ones take a hundred times as long.
@_transparent
func sigmoid(_ x: Vector) -> Vector {
    let bounded = raise(lower(Vector() - x, to: splat(87.33)), to: splat(-87.33))
    let (scale, excess) = exponentialParts(bounded)
    return splat(1) / (chained(scale, scale, excess) + splat(1))
}

/// min(1, max(0, x)).
@_transparent
func saturating(_ x: Vector) -> Vector {
    lower(raise(x, to: Vector()), to: splat(1))
}
