import KernelInterface

/// Half a Vector in twice the precision, where single precision would not do.
typealias Doubles = SIMD8<Double>

/// The first eight lanes.
@_transparent
func widenedLow(_ floats: Vector) -> Doubles {
    var (source, result) = (floats, Doubles())
    striate_widen_low(&source, &result)
    return result
}

/// The last eight lanes.
@_transparent
func widenedHigh(_ floats: Vector) -> Doubles {
    var (source, result) = (floats, Doubles())
    striate_widen_high(&source, &result)
    return result
}

@_transparent
func narrowed(_ low: Doubles, _ high: Doubles) -> Vector {
    var (first, second, result) = (low, high, Vector())
    striate_narrow(&first, &second, &result)
    return result
}

@_transparent
func wide(_ value: Double) -> Doubles {
    Doubles(repeating: value)
}

/// sum + a · b, as for Vectors.
@_transparent
func multiplyAdd(_ sum: Doubles, _ a: Doubles, _ b: Doubles) -> Doubles {
    #if KERNEL_FMA || arch(arm64)
    var (result, first, second) = (sum, a, b)
    striate_fuse8(&result, &first, &second)
    return result
    #else
    return sum + a * b
    #endif
}

/// sum + a · b as `multiplyAdd` has it, in chains so long that the compiler would leave it lane by lane.
@_transparent
func chained(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    #if KERNEL_FMA || arch(arm64)
    return fused(sum, a, b)
    #else
    return sum + a * b
    #endif
}

/// sum + a · b, rounded but once or as good as that on any processor.
@_transparent
func fused(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    #if KERNEL_FMA || arch(arm64)
    var (result, first, second) = (sum, a, b)
    striate_fuse16(&result, &first, &second)
    return result
    #else
    return narrowed(
        widenedLow(sum) + widenedLow(a) * widenedLow(b),
        widenedHigh(sum) + widenedHigh(a) * widenedHigh(b)
    )
    #endif
}

@_transparent
func chained(_ sum: Doubles, _ a: Doubles, _ b: Doubles) -> Doubles { multiplyAdd(sum, a, b) }

@_transparent
func bits(_ doubles: Doubles) -> SIMD8<UInt64> {
    unsafeBitCast(doubles, to: SIMD8<UInt64>.self)
}

@_transparent
func doubles(_ bits: SIMD8<UInt64>) -> Doubles {
    unsafeBitCast(bits, to: Doubles.self)
}

@_transparent
func magnitude(_ x: Doubles) -> Doubles {
    doubles(bits(x) & SIMD8(repeating: 0x7FFF_FFFF_FFFF_FFFF))
}

/// x, which has no sign, with the other's.
@_transparent
func signed(_ x: Doubles, like other: Doubles) -> Doubles {
    doubles(bits(x) | bits(other) & SIMD8(repeating: 0x8000_0000_0000_0000))
}

@_transparent
func squareRoot(_ x: Doubles) -> Doubles {
    var roots = x
    striate_roots8(&roots)
    return roots
}

/// A function of numbers whose arithmetic is done in twice their precision, and rounded once.
protocol WideFunction {
    func callAsFunction(_ x: Doubles) -> Doubles
}

struct Widened<Function: WideFunction>: VectorFunction {
    let function: Function

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector {
        narrowed(function(widenedLow(x)), function(widenedHigh(x)))
    }
}
