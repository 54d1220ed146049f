// One register of the processor, for kernels whose working set is many values: a part of a Vector,
// which is worked through in `Register.scalarCount` lanes at a time.

#if KERNEL_AVX512
typealias Register = SIMD16<Float>
#elseif KERNEL_FMA
typealias Register = SIMD8<Float>
#else
typealias Register = SIMD4<Float>
#endif

@_transparent
func loadRegister(_ source: Floats) -> Register {
    UnsafeRawPointer(source).loadUnaligned(as: Register.self)
}

@_transparent
func storeRegister(_ register: Register, _ target: MutableFloats) {
    UnsafeMutableRawPointer(target).storeBytes(of: register, as: Register.self)
}

/// sum + a · b, as for Vectors.
@_transparent
func multiplyAdd(_ sum: Register, _ a: Register, _ factor: Float) -> Register {
    multiplyAdd(sum, a, by: Register(repeating: factor))
}

@_transparent
func multiplyAdd(_ sum: Register, _ a: Register, by b: Register) -> Register {
    #if KERNEL_FMA || arch(arm64)
    sum.addingProduct(a, b)
    #else
    sum + a * b
    #endif
}

/// The larger lanes; NaN wherever either is NaN.
@_transparent
func larger(_ a: Register, or b: Register) -> Register {
    let ordered = a.replacing(with: b, where: b .> a)
    return ordered.replacing(with: b, where: b .!= b)
}

/// Held between two bounds; NaN stays.
@_transparent
func bounded(_ register: Register, _ floor: Register, _ ceiling: Register) -> Register {
    let raised = register.replacing(with: floor, where: register .< floor)
    return raised.replacing(with: ceiling, where: ceiling .< raised)
}
