/// eˣ⁻ᵐ / Σ eˣ⁻ᵐ with m the largest x.
func softmax(_ x: Floats, _ y: MutableFloats, _ count: Int) {
    guard count > 0 else { return }
    let sum = splat(exponentials(x, y, count))
    map(Quotient(divisor: sum), y, y, count)
}

/// y = eˣ⁻ᵐ with m the largest x; returns their sum.
func exponentials(_ x: Floats, _ y: MutableFloats, _ count: Int) -> Float {
    guard count > 0 else { return 0 }
    let largest = splat(rowMaximum(x, count))
    var sums = Vector()
    var index = 0
    while index &+ 16 <= count {
        let powers = exponential(load(x + index) - largest)
        store(powers, y + index)
        sums += powers
        index &+= 16
    }
    let rest = count &- index
    if rest > 0 {
        let powers = lastPowers(x + index, rest, largest)
        store(powers, y + index, count: rest)
        sums += powers
    }
    return horizontalSum(sums)
}

/// x − m − ln Σ eˣ⁻ᵐ with m the largest x.
func logSoftmax(_ x: Floats, _ y: MutableFloats, _ count: Int) {
    guard count > 0 else { return }
    let largest = splat(rowMaximum(x, count))
    var sums = Vector()
    var index = 0
    while index &+ 16 <= count {
        sums += exponential(load(x + index) - largest)
        index &+= 16
    }
    if index < count { sums += lastPowers(x + index, count &- index, largest) }
    let shift = splat(logarithm(horizontalSum(sums)))
    map(TwiceShifted(first: largest, second: shift), x, y, count)
}

/// eˣ⁻ᵐ of the last numbers of a row, other lanes zero.
@_transparent
private func lastPowers(_ x: Floats, _ count: Int, _ largest: Vector) -> Vector {
    first(count, of: exponential(load(x, count: count) - largest), others: 0)
}

private struct Quotient: VectorFunction {
    let divisor: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x / divisor }
}

/// The two shifts stay apart: their sum would lose the logarithm beside a large maximum.
private struct TwiceShifted: VectorFunction {
    let first: Vector
    let second: Vector

    @_transparent
    func callAsFunction(_ x: Vector) -> Vector { x - first - second }
}

@_transparent
private func rowMaximum(_ x: Floats, _ count: Int) -> Float {
    var largest = splat(-Float.infinity)
    var index = 0
    while index &+ 16 <= count {
        largest = raise(largest, to: load(x + index))
        index &+= 16
    }
    if index < count {
        let rest = load(x + index, count: count &- index, others: -.infinity)
        largest = raise(largest, to: rest)
    }
    return horizontalMaximum(largest)
}

/// ln x for x >= 1, and NaN for NaN, without the C library.
///
/// x = 2ᵏ m with √½ <= m < √2; ln m = 2 artanh z, z = (m − 1) / (m + 1), |z| < 0.172.
@_transparent
private func logarithm(_ x: Float) -> Float {
    if x != x { return x }
    let bits = Double(x).bitPattern
    var k = Int(truncatingIfNeeded: bits >> 52) &- 1023
    var m = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
    if m > 1.4142135623730951 {
        m *= 0.5
        k &+= 1
    }
    let z = (m - 1) / (m + 1)
    let square = z * z
    var series = 1.0 / 13
    series = series * square + 1.0 / 11
    series = series * square + 1.0 / 9
    series = series * square + 1.0 / 7
    series = series * square + 1.0 / 5
    series = series * square + 1.0 / 3
    series = series * square + 1
    return Float(Double(k) * 0.6931471805599453 + 2 * z * series)
}
