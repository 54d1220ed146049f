import KernelInterface

/// Normalised exponentials, or their logarithms, down columns [first, end) of a block [count][inner].
func softmaxColumns(
    _ isLogarithm: Int,
    _ x: Floats,
    _ count: Int,
    _ inner: Int,
    _ y: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    guard count > 0 else { return }
    var column = first
    while column < end {
        // The last columns once more with those before them, where there are any.
        if column &+ 16 > end, end &- first >= 16 { column = end &- 16 }
        let width = min(16, end &- column)
        if isLogarithm != 0 {
            logarithmColumns(x + column, count, inner, y + column, width)
        } else {
            exponentialColumns(x + column, count, inner, y + column, width)
        }
        column &+= width
    }
}

@_transparent
private func loadLanes(_ x: Floats, _ width: Int) -> Vector {
    width == 16 ? load(x) : load(x, count: width)
}

@_transparent
private func storeLanes(_ vector: Vector, _ y: MutableFloats, _ width: Int) {
    if width == 16 { store(vector, y) } else { store(vector, y, count: width) }
}

@_transparent
private func largestOfColumns(_ x: Floats, _ count: Int, _ inner: Int, _ width: Int) -> Vector {
    var largest = splat(-Float.infinity)
    var source = x
    for _ in 0..<count {
        largest = raise(largest, to: loadLanes(source, width))
        source += inner
    }
    return largest
}

@inline(never)
private func exponentialColumns(
    _ x: Floats,
    _ count: Int,
    _ inner: Int,
    _ y: MutableFloats,
    _ width: Int
) {
    let largest = largestOfColumns(x, count, inner, width)
    var (low, high) = (Doubles(), Doubles())
    var (source, target) = (x, y)
    for _ in 0..<count {
        let value = exponential(loadLanes(source, width) - largest)
        storeLanes(value, target, width)
        low += widenedLow(value)
        high += widenedHigh(value)
        source += inner
        target += inner
    }
    let sum = narrowed(low, high)
    target = y
    for _ in 0..<count {
        storeLanes(loadLanes(Floats(target), width) / sum, target, width)
        target += inner
    }
}

@inline(never)
private func logarithmColumns(
    _ x: Floats,
    _ count: Int,
    _ inner: Int,
    _ y: MutableFloats,
    _ width: Int
) {
    let largest = largestOfColumns(x, count, inner, width)
    var (low, high) = (Doubles(), Doubles())
    var source = x
    for _ in 0..<count {
        let value = exponential(loadLanes(source, width) - largest)
        low += widenedLow(value)
        high += widenedHigh(value)
        source += inner
    }
    let shift = Logarithm()(narrowed(low, high))
    source = x
    var target = y
    for _ in 0..<count {
        // The two shifts stay apart: their sum would lose the logarithm beside a large maximum.
        storeLanes(loadLanes(source, width) - largest - shift, target, width)
        source += inner
        target += inner
    }
}

/// Rows to (x − mean) / √(variance + epsilon) · scale + bias; statistics are summed in 64 bits.
func normalizeRows(
    _ geometry: UnsafePointer<NormalizationGeometry>,
    _ x: Floats,
    _ scale: Floats,
    _ bias: Floats?,
    _ y: MutableFloats,
    _ rows: Int
) {
    let geometry = geometry.pointee
    let count = geometry.count
    for row in 0..<rows {
        let (source, target) = (x + row &* count, y + row &* count)
        let (mean, variance) = moments(source, count, geometry.isCentred != 0)
        let inverse = splat(Float(1 / (variance + geometry.epsilon).squareRoot()))
        let centre = splat(Float(mean))
        if let bias {
            scaled(source, centre, inverse, scale, bias, target, count)
        } else {
            scaled(source, centre, inverse, scale, target, count)
        }
    }
}

/// Mean and mean of squares around it, or of all squares for `isCentred` 0.
@inline(never)
private func moments(_ x: Floats, _ count: Int, _ isCentred: Bool) -> (mean: Double, square: Double)
{
    // Around the first number, so that little cancels where all of them are far from zero.
    let first = isCentred && count > 0 ? Double(x[0]) : 0
    var (early, late) = (Sums(), Sums())
    var index = 0
    while index &+ 32 <= count {
        early.add(load(x + index), around: wide(first))
        late.add(load(x + (index &+ 16)), around: wide(first))
        index &+= 32
    }
    if index &+ 16 <= count {
        early.add(load(x + index), around: wide(first))
        index &+= 16
    }
    var (sum, squares) = early.total(with: late)
    while index < count {
        let difference = Double(x[index]) - first
        sum += difference
        squares += difference * difference
        index &+= 1
    }
    let (offset, square) = (sum / Double(count), squares / Double(count))
    guard isCentred else { return (0, square) }
    // The difference is no number where one of them is infinite, and else never below zero but by rounding.
    let variance = square - offset * offset
    return (first + offset, variance < 0 ? 0 : variance)
}

/// Sums of numbers and of their squares in 64 bits; several, as each addition waits for the one before.
private struct Sums {
    private var low = Doubles()
    private var high = Doubles()
    private var lowSquares = Doubles()
    private var highSquares = Doubles()

    @_transparent
    mutating func add(_ value: Vector, around centre: Doubles) {
        let (first, second) = (widenedLow(value) - centre, widenedHigh(value) - centre)
        low += first
        high += second
        lowSquares = multiplyAdd(lowSquares, first, first)
        highSquares = multiplyAdd(highSquares, second, second)
    }

    @_transparent
    func total(with other: Sums) -> (sum: Double, squares: Double) {
        let all = (low + high) + (other.low + other.high)
        let allSquares = (lowSquares + highSquares) + (other.lowSquares + other.highSquares)
        return (horizontal(all), horizontal(allSquares))
    }

    @_transparent
    private func horizontal(_ eight: Doubles) -> Double {
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

@inline(never)
private func scaled(
    _ x: Floats,
    _ centre: Vector,
    _ inverse: Vector,
    _ scale: Floats,
    _ bias: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index < count {
        let width = min(16, count &- index)
        let value = (loadLanes(x + index, width) - centre) * inverse
        let result = multiplyAdd(
            loadLanes(bias + index, width),
            value,
            loadLanes(scale + index, width)
        )
        storeLanes(result, y + index, width)
        index &+= 16
    }
}

@inline(never)
private func scaled(
    _ x: Floats,
    _ centre: Vector,
    _ inverse: Vector,
    _ scale: Floats,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index < count {
        let width = min(16, count &- index)
        let value = (loadLanes(x + index, width) - centre) * inverse
        storeLanes(value * loadLanes(scale + index, width), y + index, width)
        index &+= 16
    }
}

/// Lines of `plane` numbers, normalised together, each with a scale and a bias of its own.
func normalizeGroup(
    _ geometry: UnsafePointer<NormalizationGeometry>,
    _ x: Floats,
    _ scale: Floats,
    _ bias: Floats,
    _ y: MutableFloats,
    _ channels: Int,
    _ plane: Int
) {
    let count = channels &* plane
    let (mean, variance) = moments(x, count, true)
    let inverse = splat(Float(1 / (variance + geometry.pointee.epsilon).squareRoot()))
    let centre = splat(Float(mean))
    for channel in 0..<channels {
        let (factor, offset) = (splat(scale[channel]), splat(bias[channel]))
        let (source, target) = (x + channel &* plane, y + channel &* plane)
        var index = 0
        while index < plane {
            let width = min(16, plane &- index)
            let value = (loadLanes(source + index, width) - centre) * inverse
            storeLanes(multiplyAdd(offset, value, factor), target + index, width)
            index &+= 16
        }
    }
}
