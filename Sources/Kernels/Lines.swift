import KernelInterface

/// The kernels of lines and blocks of numbers.
var lineKernels: LineKernels {
    LineKernels(
        multiplyLines: multiplyLines,
        pickLine: pickLine,
        sampleLine: sampleLine,
        weighLines: weighLines,
        cumulateColumns: cumulateColumns,
        normalizeGroup: normalizeGroup,
        widenHalves: widenHalves,
        narrowHalves: narrowHalves
    )
}

/// See LineKernels.multiplyLines.
func multiplyLines(
    _ geometry: UnsafePointer<ProductGeometry>,
    _ row: Floats,
    _ columns: Floats,
    _ addend: Floats?,
    _ result: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let (count, stride) = (geometry.inner, geometry.rightColumn)
    var column = first
    while column < end {
        // The last four once more with those before them, where there are any.
        if column &+ 4 > end, end &- first >= 4 { column = end &- 4 }
        let place = columns + column &* stride
        let width = min(4, end &- column)
        var sums = InlineArray<4, Float>(repeating: 0)
        if width == 4 {
            sums = fourSums(row, place, stride, count)
        } else {
            for index in 0..<width { sums[index] = oneSum(row, place + index &* stride, count) }
        }
        for index in 0..<width {
            var value = geometry.alpha * sums[index]
            if let addend {
                value += geometry.beta * addend[(column &+ index) &* geometry.addendColumn]
            }
            result[column &+ index] = value
        }
        column &+= width
    }
}

@inline(never)
private func fourSums(
    _ row: Floats,
    _ columns: Floats,
    _ stride: Int,
    _ count: Int
) -> InlineArray<4, Float> {
    var even = InlineArray<4, Vector>(repeating: Vector())
    var odd = InlineArray<4, Vector>(repeating: Vector())
    var index = 0
    while index &+ 32 <= count {
        let (x, z) = (load(row + index), load(row + (index &+ 16)))
        for column in 0..<4 {
            let place = columns + (column &* stride &+ index)
            even[column] = multiplyAdd(even[column], x, load(place))
            odd[column] = multiplyAdd(odd[column], z, load(place + 16))
        }
        index &+= 32
    }
    var result = InlineArray<4, Float>(repeating: 0)
    for column in 0..<4 {
        let place = columns + column &* stride
        result[column] = total(even[column], odd[column], row, place, index, count)
    }
    return result
}

/// The same of one column.
@inline(never)
private func oneSum(_ row: Floats, _ column: Floats, _ count: Int) -> Float {
    var (even, odd) = (Vector(), Vector())
    var index = 0
    while index &+ 32 <= count {
        even = multiplyAdd(even, load(row + index), load(column + index))
        odd = multiplyAdd(odd, load(row + (index &+ 16)), load(column + (index &+ 16)))
        index &+= 32
    }
    return total(even, odd, row, column, index, count)
}

/// With the last numbers from `start` on, fewer than thirty-two.
@_transparent
private func total(
    _ even: Vector,
    _ odd: Vector,
    _ row: Floats,
    _ column: Floats,
    _ start: Int,
    _ count: Int
) -> Float {
    var (even, odd, index) = (even, odd, start)
    if index &+ 16 <= count {
        even = multiplyAdd(even, load(row + index), load(column + index))
        index &+= 16
    }
    if index < count {
        let rest = count &- index
        odd = multiplyAdd(odd, load(row + index, count: rest), load(column + index, count: rest))
    }
    return horizontalSum(even + odd)
}

/// See LineKernels.weighLines.
func weighLines(
    _ x: Floats,
    _ offsets: UnsafePointer<Int>,
    _ weights: Floats,
    _ taps: Int,
    _ y: MutableFloats,
    _ count: Int
) {
    var index = 0
    while index < count {
        let width = min(16, count &- index)
        var sum = Vector()
        for tap in 0..<taps {
            let place = x + (offsets[tap] &+ index)
            let values = width == 16 ? load(place) : load(place, count: width)
            let weight = splat(weights[tap])
            sum = tap == 0 ? weight * values : multiplyAdd(sum, weight, values)
        }
        if width == 16 { store(sum, y + index) } else { store(sum, y + index, count: width) }
        index &+= 16
    }
}
