import KernelInterface

/// Rows of `count` numbers to one number each.
func reduceRows(
    _ geometry: UnsafePointer<ReductionGeometry>,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats,
    _ rows: Int
) {
    let geometry = geometry.pointee
    switch geometry.function {
    case .sum: sumRows(PlainSum(), geometry, x, shifts, y, rows)
    case .magnitudes: sumRows(MagnitudeSum(), geometry, x, shifts, y, rows)
    case .squares: sumRows(SquareSum(), geometry, x, shifts, y, rows)
    case .product: sumRows(WideProduct(), geometry, x, shifts, y, rows)
    case .exponentials: sumRows(ExponentialSum(), geometry, x, shifts, y, rows)
    case .maximum: extremeRows(LargestOf(), geometry, x, y, rows)
    case .minimum: extremeRows(SmallestOf(), geometry, x, y, rows)
    }
}

/// Columns [first, end) of a block [count][inner] to one number each.
func reduceColumns(
    _ geometry: UnsafePointer<ReductionGeometry>,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    switch geometry.function {
    case .sum: sumColumns(PlainSum(), geometry, x, shifts, y, first, end)
    case .magnitudes: sumColumns(MagnitudeSum(), geometry, x, shifts, y, first, end)
    case .squares: sumColumns(SquareSum(), geometry, x, shifts, y, first, end)
    case .product: sumColumns(WideProduct(), geometry, x, shifts, y, first, end)
    case .exponentials: sumColumns(ExponentialSum(), geometry, x, shifts, y, first, end)
    case .maximum: extremeColumns(LargestOf(), geometry, x, y, first, end)
    case .minimum: extremeColumns(SmallestOf(), geometry, x, y, first, end)
    }
}

/// What is summed up in double precision.
private protocol WideReduction {
    var start: Double { get }
    func prepare(_ x: Vector, _ shift: Vector) -> Vector
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles
}

private struct PlainSum: WideReduction {
    @inline(__always)
    var start: Double { 0 }
    @_transparent
    func prepare(_ x: Vector, _ shift: Vector) -> Vector { x }
    @_transparent
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles { sum + x }
}

private struct MagnitudeSum: WideReduction {
    @inline(__always)
    var start: Double { 0 }
    @_transparent
    func prepare(_ x: Vector, _ shift: Vector) -> Vector { magnitude(x) }
    @_transparent
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles { sum + x }
}

private struct SquareSum: WideReduction {
    @inline(__always)
    var start: Double { 0 }
    @_transparent
    func prepare(_ x: Vector, _ shift: Vector) -> Vector { x }
    @_transparent
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles { multiplyAdd(sum, x, x) }
}

private struct WideProduct: WideReduction {
    @inline(__always)
    var start: Double { 1 }
    @_transparent
    func prepare(_ x: Vector, _ shift: Vector) -> Vector { x }
    @_transparent
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles { sum * x }
}

private struct ExponentialSum: WideReduction {
    @inline(__always)
    var start: Double { 0 }
    @_transparent
    func prepare(_ x: Vector, _ shift: Vector) -> Vector { exponential(x - shift) }
    @_transparent
    func join(_ sum: Doubles, _ x: Doubles) -> Doubles { sum + x }
}

/// Divided, and its root taken, while it still has all digits.
@_transparent
private func finished(_ sum: Double, _ geometry: ReductionGeometry) -> Float {
    let quotient = geometry.divisor == 1 ? sum : sum / geometry.divisor
    return Float(geometry.takesRoot != 0 ? quotient.squareRoot() : quotient)
}

/// In sixteen partial sums of 64 bits twice over, always the same ones.
@inline(never)
private func sumRows<Function: WideReduction>(
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats,
    _ rows: Int
) {
    let count = geometry.count
    for row in 0..<rows {
        let source = x + row &* count
        let shift = splat(shifts.map { $0[row] } ?? 0)
        y[row] = finished(rowSum(function, source, shift, count), geometry)
    }
}

@_transparent
private func rowSum<Function: WideReduction>(
    _ function: Function,
    _ x: Floats,
    _ shift: Vector,
    _ count: Int
) -> Double {
    let start = wide(function.start)
    var (a, b, c, d) = (start, start, start, start)
    var index = 0
    while index &+ 32 <= count {
        let first = function.prepare(load(x + index), shift)
        let second = function.prepare(load(x + (index &+ 16)), shift)
        a = function.join(a, widenedLow(first))
        b = function.join(b, widenedHigh(first))
        c = function.join(c, widenedLow(second))
        d = function.join(d, widenedHigh(second))
        index &+= 32
    }
    if index &+ 16 <= count {
        let first = function.prepare(load(x + index), shift)
        a = function.join(a, widenedLow(first))
        b = function.join(b, widenedHigh(first))
        index &+= 16
    }
    if index < count {
        let last = function.prepare(load(x + index, count: count &- index), shift)
        let rest = first(count &- index, of: last, others: Float(function.start))
        c = function.join(c, widenedLow(rest))
        d = function.join(d, widenedHigh(rest))
    }
    let isProduct = function.start == 1
    let all = isProduct ? (a * c) * (b * d) : (a + c) + (b + d)
    let four = isProduct ? all.lowHalf * all.highHalf : all.lowHalf + all.highHalf
    let two = isProduct ? four.lowHalf * four.highHalf : four.lowHalf + four.highHalf
    return isProduct ? two.x * two.y : two.x + two.y
}

/// Sixty-four columns at a time, each in a sum of its own from the first row to the last.
@inline(never)
private func sumColumns<Function: WideReduction>(
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    var column = first
    while column &+ 64 <= end {
        let shift = shifts.map { $0 + column }
        sumBlocks(Blocks<4>.self, function, geometry, x + column, shift, y + column)
        column &+= 64
    }
    while column &+ 32 <= end {
        let shift = shifts.map { $0 + column }
        sumBlocks(Blocks<2>.self, function, geometry, x + column, shift, y + column)
        column &+= 32
    }
    while column < end {
        // The last columns once more with those before them, where there are any.
        if column &+ 16 > end, end &- first >= 16 { column = end &- 16 }
        let width = min(16, end &- column)
        sumBlock(function, geometry, x + column, shifts.map { $0 + column }, y + column, width)
        column &+= width
    }
}

private struct Blocks<let B: Int> {}

/// B blocks of sixteen columns.
@_transparent
private func sumBlocks<Function: WideReduction, let B: Int>(
    _: Blocks<B>.Type,
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats
) {
    let start = wide(function.start)
    var low = InlineArray<B, Doubles>(repeating: start)
    var high = InlineArray<B, Doubles>(repeating: start)
    var source = x
    for _ in 0..<geometry.count {
        for block in 0..<B {
            let shift = shifts.map { load($0 + block &* 16) } ?? Vector()
            let next = function.prepare(load(source + block &* 16), shift)
            low[block] = function.join(low[block], widenedLow(next))
            high[block] = function.join(high[block], widenedHigh(next))
        }
        source += geometry.inner
    }
    for block in 0..<B {
        for lane in 0..<8 {
            y[block &* 16 &+ lane] = finished(low[block][lane], geometry)
            y[block &* 16 &+ lane &+ 8] = finished(high[block][lane], geometry)
        }
    }
}

@_transparent
private func sumBlock<Function: WideReduction>(
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ shifts: Floats?,
    _ y: MutableFloats,
    _ width: Int
) {
    let start = wide(function.start)
    var (low, high) = (start, start)
    let shift = shifts.map { load($0, count: width) } ?? Vector()
    var source = x
    for _ in 0..<geometry.count {
        let values = width == 16 ? load(source) : load(source, count: width)
        let prepared = function.prepare(values, shift)
        low = function.join(low, widenedLow(prepared))
        high = function.join(high, widenedHigh(prepared))
        source += geometry.inner
    }
    for lane in 0..<width {
        y[lane] = finished(lane < 8 ? low[lane] : high[lane &- 8], geometry)
    }
}
