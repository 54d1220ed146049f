import KernelInterface

/// y[i] = x[places[i]].
func pickLine(
    _ x: Floats,
    _ places: UnsafePointer<Int32>,
    _ y: MutableFloats,
    _ count: Int
) {
    for index in 0..<count { y[index] = x[Int(places[index])] }
}

/// See LineKernels.sampleLine.
func sampleLine(
    _ x: Floats,
    _ places: UnsafePointer<Int32>,
    _ weights: Floats,
    _ taps: Int,
    _ stride: Int,
    _ y: MutableFloats,
    _ count: Int
) {
    switch taps {
    case 2: sampleAll(Taps<2>.self, x, places, weights, stride, y, count)
    case 4: sampleAll(Taps<4>.self, x, places, weights, stride, y, count)
    default: sampleAny(x, places, weights, taps, stride, y, count)
    }
}

private struct Taps<let N: Int> {}

@inline(never)
private func sampleAll<let N: Int>(
    _: Taps<N>.Type,
    _ x: Floats,
    _ places: UnsafePointer<Int32>,
    _ weights: Floats,
    _ stride: Int,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index &+ 16 <= count {
        var sum = Vector()
        for tap in 0..<N {
            let first = tap &* stride &+ index
            sum = multiplyAdd(sum, load(weights + first), read(x, places + first))
        }
        store(sum, y + index)
        index &+= 16
    }
    if index < count { sampleRest(x, places, weights, N, stride, y, index, count) }
}

@inline(never)
private func sampleAny(
    _ x: Floats,
    _ places: UnsafePointer<Int32>,
    _ weights: Floats,
    _ taps: Int,
    _ stride: Int,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index &+ 16 <= count {
        var sum = Vector()
        for tap in 0..<taps {
            let first = tap &* stride &+ index
            sum = multiplyAdd(sum, load(weights + first), read(x, places + first))
        }
        store(sum, y + index)
        index &+= 16
    }
    if index < count { sampleRest(x, places, weights, taps, stride, y, index, count) }
}

/// The last numbers from `start` on, fewer than sixteen.
@inline(never)
private func sampleRest(
    _ x: Floats,
    _ places: UnsafePointer<Int32>,
    _ weights: Floats,
    _ taps: Int,
    _ stride: Int,
    _ y: MutableFloats,
    _ start: Int,
    _ count: Int
) {
    let rest = count &- start
    var sum = Vector()
    for tap in 0..<taps {
        let first = tap &* stride &+ start
        var values = Vector()
        for lane in 0..<16 where lane < rest {
            let place = Int(places[first &+ lane])
            values[lane] = place < 0 ? 0 : x[place]
        }
        sum = multiplyAdd(sum, load(weights + first, count: rest), values)
    }
    store(sum, y + start, count: rest)
}

/// Sixteen numbers at places; 0 where there is none.
@_transparent
private func read(_ x: Floats, _ places: UnsafePointer<Int32>) -> Vector {
    var values = Vector()
    for lane in 0..<16 {
        let place = Int(places[lane])
        values[lane] = place < 0 ? 0 : x[place]
    }
    return values
}

/// See LineKernels.cumulateColumns.
func cumulateColumns(
    _ geometry: UnsafePointer<RunningGeometry>,
    _ x: Floats,
    _ y: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    var column = first
    while column < end {
        let width = min(16, end &- column)
        if geometry.isProduct != 0 {
            cumulate(Multiplied(), geometry, x + column, y + column, width)
        } else {
            cumulate(Added(), geometry, x + column, y + column, width)
        }
        column &+= width
    }
}

private protocol Joining {
    var start: Double { get }
    func callAsFunction(_ total: Doubles, _ next: Doubles) -> Doubles
}

private struct Added: Joining {
    @inline(__always)
    var start: Double { 0 }
    @_transparent
    func callAsFunction(_ total: Doubles, _ next: Doubles) -> Doubles { total + next }
}

private struct Multiplied: Joining {
    @inline(__always)
    var start: Double { 1 }
    @_transparent
    func callAsFunction(_ total: Doubles, _ next: Doubles) -> Doubles { total * next }
}

@inline(never)
private func cumulate<Function: Joining>(
    _ join: Function,
    _ geometry: RunningGeometry,
    _ x: Floats,
    _ y: MutableFloats,
    _ width: Int
) {
    var (low, high) = (wide(join.start), wide(join.start))
    let step = geometry.isReversed != 0 ? 0 &- geometry.inner : geometry.inner
    var place = geometry.isReversed != 0 ? (geometry.count &- 1) &* geometry.inner : 0
    for _ in 0..<geometry.count {
        let next = width == 16 ? load(x + place) : load(x + place, count: width)
        let before = narrowed(low, high)
        low = join(low, widenedLow(next))
        high = join(high, widenedHigh(next))
        let result = geometry.isExclusive != 0 ? before : narrowed(low, high)
        if width == 16 { store(result, y + place) } else { store(result, y + place, count: width) }
        place &+= step
    }
}
