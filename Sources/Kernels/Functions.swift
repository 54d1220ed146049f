import KernelInterface

/// y = f(x) for any count; x may equal y.
func apply(
    _ function: UnaryFunction,
    _ a: Float,
    _ b: Float,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    switch function {
    case .exp: mapAll(Exponential(), x, y, count)
    case .log: mapAll(Logarithm(), x, y, count)
    case .erf: mapAll(ErrorFunction(), x, y, count)
    case .sin: mapAll(Sine(), x, y, count)
    case .cos: mapAll(Cosine(), x, y, count)
    case .tan: mapAll(Tangent(), x, y, count)
    case .softplus: mapAll(Softplus(), x, y, count)
    case .elu, .selu, .swish: exponentialUnit(function, a, b, x, y, count)
    case .mish: mapAll(Mish(), x, y, count)
    case .gelu: mapAll(Gelu(), x, y, count)
    case .geluTanh: mapAll(GeluTanh(), x, y, count)
    case .power: power(a, x, y, count)
    case .acos, .acosh, .asin, .asinh, .atan, .atanh, .cosh, .sinh:
        applyArc(function, x, y, count)
    default: applySimple(function, a, b, x, y, count)
    }
}

/// Hyperbolic functions, and the inverse ones.
@_transparent
private func applyArc(
    _ function: UnaryFunction,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    switch function {
    case .acos: mapAll(ArcCosine(), x, y, count)
    case .acosh: mapAll(AreaCosine(), x, y, count)
    case .asin: mapAll(ArcSine(), x, y, count)
    case .asinh: mapAll(AreaSine(), x, y, count)
    case .atan: mapAll(ArcTangent(), x, y, count)
    case .atanh: mapAll(AreaTangent(), x, y, count)
    case .cosh: mapAll(HyperbolicCosine(), x, y, count)
    default: mapAll(HyperbolicSine(), x, y, count)
    }
}

/// Those of a few instructions.
@_transparent
private func applySimple(
    _ function: UnaryFunction,
    _ a: Float,
    _ b: Float,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    switch function {
    case .softsign: mapAll(Softsign(), x, y, count)
    case .hardSigmoid: mapAll(HardSigmoid(slope: splat(a), offset: splat(b)), x, y, count)
    case .hardSwish: mapAll(HardSwish(), x, y, count)
    case .leakyRelu: mapAll(LeakyRelu(slope: splat(a)), x, y, count)
    case .thresholdedRelu: mapAll(ThresholdedRelu(threshold: splat(a)), x, y, count)
    case .shrink: mapAll(Shrink(threshold: splat(a), bias: splat(b)), x, y, count)
    case .abs: mapAll(Magnitude(), x, y, count)
    case .neg: mapAll(Negative(), x, y, count)
    case .sqrt: mapAll(SquareRoot(), x, y, count)
    case .reciprocal: mapAll(Reciprocal(), x, y, count)
    case .floor: mapAll(Floor(), x, y, count)
    case .ceil: mapAll(Ceiling(), x, y, count)
    case .round: mapAll(Rounded(), x, y, count)
    case .half: mapAll(Half(), x, y, count)
    case .brainHalf: mapAll(BrainHalf(), x, y, count)
    default: mapAll(Sign(), x, y, count)
    }
}

/// A function of its own for every loop: in one of all of them the optimiser loses its way.
@inline(never)
func mapAll<Function: VectorFunction>(
    _ function: Function,
    _ x: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    map(function, x, y, count)
}

@_transparent
func bits(_ vector: Vector) -> SIMD16<UInt32> {
    unsafeBitCast(vector, to: SIMD16<UInt32>.self)
}

@_transparent
func floats(_ bits: SIMD16<UInt32>) -> Vector {
    unsafeBitCast(bits, to: Vector.self)
}

@_transparent
func magnitude(_ x: Vector) -> Vector {
    floats(bits(x) & SIMD16(repeating: 0x7FFF_FFFF))
}

/// With the sign bits of another vector; those of `x` must be clear.
@_transparent
func signed(_ x: Vector, like other: Vector) -> Vector {
    floats(bits(x) | bits(other) & SIMD16(repeating: 0x8000_0000))
}

@_transparent
func squareRoot(_ x: Vector) -> Vector {
    var root = x
    striate_roots16(&root)
    return root
}

/// To whole numbers, halves to even; from 2²³ on all numbers are whole.
@_transparent
func rounded(_ x: Vector) -> Vector {
    let size = magnitude(x)
    let magic = splat(8_388_608)
    let whole = signed((size + magic) - magic, like: x)
    return whole.replacing(with: x, where: .!(size .< magic))
}

private struct Softsign: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x / (splat(1) + magnitude(x)) }
}

private struct HardSigmoid: VectorFunction {
    let slope: Vector
    let offset: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { saturating(fused(offset, slope, x)) }
}

private struct HardSwish: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        // (x + 3) / 6 is rounded twice near its zero at −3, where x / 6 + 1 / 2 would lose most of its digits.
        x * (lower(raise(x + splat(3), to: Vector()), to: splat(6)) / splat(6))
    }
}

private struct LeakyRelu: VectorFunction {
    let slope: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x.replacing(with: slope * x, where: x .< 0) }
}

private struct ThresholdedRelu: VectorFunction {
    let threshold: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        x.replacing(with: 0, where: .!(x .> threshold))
    }
}

private struct Shrink: VectorFunction {
    let threshold: Vector
    let bias: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let above = Vector().replacing(with: x - bias, where: x .> threshold)
        return above.replacing(with: x + bias, where: x .< (Vector() - threshold))
    }
}

private struct Magnitude: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { magnitude(x) }
}

private struct Negative: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        floats(bits(x) ^ SIMD16(repeating: 0x8000_0000))
    }
}

private struct SquareRoot: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { squareRoot(x) }
}

private struct Reciprocal: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { splat(1) / x }
}

private struct Floor: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let whole = rounded(x)
        return whole.replacing(with: whole - splat(1), where: whole .> x)
    }
}

private struct Ceiling: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let whole = rounded(x)
        // −0.5 becomes −0.
        let raised = whole.replacing(with: whole + splat(1), where: whole .< x)
        return signed(magnitude(raised), like: x).replacing(with: raised, where: raised .!= raised)
    }
}

private struct Rounded: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { rounded(x) }
}

/// ±1, and 0 and NaN as they are.
private struct Sign: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        x.replacing(with: 1, where: x .> 0).replacing(with: -1, where: x .< 0)
    }
}

/// Rounded to 11 bits, or to multiples of 2⁻²⁴ below 2⁻¹⁴; infinite from 65,520 on.
private struct Half: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let size = magnitude(x)
        let bits = bits(size)
        let odd = bits &>> 13 & SIMD16(repeating: 1)
        let normal = floats((bits &+ SIMD16(repeating: 0xFFF) &+ odd) & SIMD16(repeating: ~0x1FFF))
        // Between 1/2 and 1 neighbours are 2⁻²⁴ apart.
        let small = (size + splat(0.5)) - splat(0.5)
        let finite = normal.replacing(with: small, where: size .< splat(0x1p-14))
        let bounded = finite.replacing(with: splat(.infinity), where: size .>= splat(65_520))
        return signed(bounded, like: x).replacing(with: x, where: x .!= x)
    }
}

/// Rounded to 8 bits.
private struct BrainHalf: VectorFunction {
    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        let bits = bits(x)
        let odd = bits &>> 16 & SIMD16(repeating: 1)
        let nearest = (bits &+ SIMD16(repeating: 0x7FFF) &+ odd) & SIMD16(repeating: 0xFFFF_0000)
        return floats(nearest).replacing(with: x, where: x .!= x)
    }
}
