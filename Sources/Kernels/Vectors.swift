// One logical vector for every instruction set: 16 floats are one AVX-512 register, two of AVX2, four
// of SSE2 or NEON.
//
// Rules of these modules: import nothing but KernelInterface, work on raw pointers, no Array, String,
// existential or generic conversion. A standard library function that is not inlined would be a weak
// symbol full of one module's instructions, and the linker might give it to another (isa-lint).

import KernelInterface

typealias Vector = SIMD16<Float>
typealias Floats = UnsafePointer<Float>
typealias MutableFloats = UnsafeMutablePointer<Float>

@_transparent
func load(_ source: Floats) -> Vector {
    UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
}

@_transparent
func load(_ source: MutableFloats) -> Vector {
    UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
}

@_transparent
func store(_ vector: Vector, _ target: MutableFloats) {
    UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
}

/// The first `count` < 16 floats; other lanes are zero.
@_transparent
func load(_ source: Floats, count: Int) -> Vector {
    var vector = Vector()
    #if KERNEL_AVX512
    striate_load_first(&vector, source, count)
    #else
    for lane in 0..<16 where lane < count { vector[lane] = source[lane] }
    #endif
    return vector
}

/// The first `count` floats, other lanes another number.
@_transparent
func load(_ source: Floats, count: Int, others: Float) -> Vector {
    first(count, of: load(source, count: count), others: others)
}

/// The first `count` lanes, other lanes another number.
@_transparent
func first(_ count: Int, of vector: Vector, others: Float) -> Vector {
    let lanes = Vector(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    return vector.replacing(with: splat(others), where: .!(lanes .< splat(Float(count))))
}

@_transparent
func store(_ vector: Vector, _ target: MutableFloats, count: Int) {
    #if KERNEL_AVX512
    var source = vector
    striate_store_first(target, &source, count)
    #else
    for lane in 0..<16 where lane < count { target[lane] = vector[lane] }
    #endif
}

@_transparent
func splat(_ value: Float) -> Vector {
    Vector(repeating: value)
}

/// The first 8 channels of a block.
@_transparent
func loadHalf(_ source: Floats) -> SIMD8<Float> {
    UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self)
}

@_transparent
func joined(_ low: SIMD8<Float>, _ high: SIMD8<Float>) -> Vector {
    Vector(lowHalf: low, highHalf: high)
}

/// sum + a · b, rounded once where the processor can; without FMA it would be a library call per lane.
@_transparent
func multiplyAdd(_ sum: Vector, _ a: Vector, _ b: Vector) -> Vector {
    #if KERNEL_FMA || arch(arm64)
    sum.addingProduct(a, b)
    #else
    sum + a * b
    #endif
}

/// The same for the first 8 channels of a block.
@_transparent
func multiplyAdd(half sum: SIMD8<Float>, _ a: SIMD8<Float>, _ factor: Float) -> SIMD8<Float> {
    #if KERNEL_FMA || arch(arm64)
    sum.addingProduct(a, SIMD8(repeating: factor))
    #else
    sum + a * SIMD8(repeating: factor)
    #endif
}

/// The larger lanes; NaN wherever either is NaN.
@_transparent
func maximum(_ a: Vector, _ b: Vector) -> Vector {
    let larger = a.replacing(with: b, where: b .> a)
    return larger.replacing(with: b, where: b .!= b)
}

/// Lanes below `bound` are raised to it; NaN stays.
@_transparent
func raise(_ vector: Vector, to bound: Vector) -> Vector {
    vector.replacing(with: bound, where: vector .< bound)
}

/// Lanes above `bound` are lowered to it; NaN stays.
@_transparent
func lower(_ vector: Vector, to bound: Vector) -> Vector {
    vector.replacing(with: bound, where: bound .< vector)
}

/// Sum of the lanes by halving, the same tree on every processor.
@_transparent
func horizontalSum(_ vector: Vector) -> Float {
    let eight = vector.lowHalf + vector.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
}

/// Largest lane; a NaN may or may not be seen.
@_transparent
func horizontalMaximum(_ vector: Vector) -> Float {
    let (low, high) = (vector.lowHalf, vector.highHalf)
    let eight = low.replacing(with: high, where: high .> low)
    let four = eight.lowHalf.replacing(with: eight.highHalf, where: eight.highHalf .> eight.lowHalf)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
    return two.y > two.x ? two.y : two.x
}
