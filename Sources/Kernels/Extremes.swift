import KernelInterface

/// The place of the greatest or smallest number down columns [first, end) of a block [count][inner].
func findExtremes(
    _ kind: ElementKind,
    _ isMinimum: Int,
    _ takesLast: Int,
    _ x: UnsafeRawPointer,
    _ count: Int,
    _ inner: Int,
    _ y: UnsafeMutablePointer<Int>,
    _ first: Int,
    _ end: Int
) {
    let (isMinimum, takesLast) = (isMinimum != 0, takesLast != 0)
    switch kind {
    case .float32:
        let source = elements(x, Float.self)
        if inner == 1 {
            y[0] = findInRow(source, count, isMinimum, takesLast)
        } else {
            findVectors(source, count, inner, y, first, end, isMinimum, takesLast)
        }
    case .int32: find(elements(x, Int32.self), count, inner, y, first, end, isMinimum, takesLast)
    case .int64: find(elements(x, Int64.self), count, inner, y, first, end, isMinimum, takesLast)
    case .bool, .uInt8:
        find(elements(x, UInt8.self), count, inner, y, first, end, isMinimum, takesLast)
    case .int8: find(elements(x, Int8.self), count, inner, y, first, end, isMinimum, takesLast)
    }
}

@inline(never)
private func find<Value: Comparable>(
    _ x: UnsafePointer<Value>,
    _ count: Int,
    _ inner: Int,
    _ y: UnsafeMutablePointer<Int>,
    _ first: Int,
    _ end: Int,
    _ isMinimum: Bool,
    _ takesLast: Bool
) {
    for column in first..<end {
        var (best, place) = (x[column], 0)
        for index in 1..<max(count, 1) {
            let value = x[index &* inner &+ column]
            let isBetter = isMinimum ? value < best : value > best
            if isBetter || takesLast && value == best { (best, place) = (value, index) }
        }
        y[column] = place
    }
}

/// Of sixteen places at a time the best so far in each lane, all of which begin with the first number: if that is
/// NaN, nothing is better.
@inline(never)
private func findInRow(_ x: Floats, _ count: Int, _ isMinimum: Bool, _ takesLast: Bool) -> Int {
    let sign = SIMD16<UInt32>(repeating: isMinimum ? 0x8000_0000 : 0)
    var best = floats(bits(splat(x[0])) ^ sign)
    var rounds = SIMD16<Int32>()
    var index = 0
    while index &+ 16 <= count {
        let next = floats(bits(load(x + index)) ^ sign)
        let isBetter = takesLast ? next .>= best : next .> best
        best.replace(with: next, where: isBetter)
        // Counted from 1; 0 stands for the first number.
        rounds.replace(with: Int32(truncatingIfNeeded: index / 16 &+ 1), where: isBetter)
        index &+= 16
    }
    var (number, place) = (best[0], 0)
    for lane in 0..<16 {
        let at = rounds[lane] == 0 ? 0 : (Int(rounds[lane]) &- 1) &* 16 &+ lane
        let isEarlier = takesLast ? at > place : at < place
        if lane == 0 || best[lane] > number || best[lane] == number && isEarlier {
            (number, place) = (best[lane], at)
        }
    }
    while index < count {
        let next = isMinimum ? -x[index] : x[index]
        if next > number || takesLast && next == number { (number, place) = (next, index) }
        index &+= 1
    }
    return place
}

/// Sixteen columns at a time.
@inline(never)
private func findVectors(
    _ x: Floats,
    _ count: Int,
    _ inner: Int,
    _ y: UnsafeMutablePointer<Int>,
    _ first: Int,
    _ end: Int,
    _ isMinimum: Bool,
    _ takesLast: Bool
) {
    // Of negated numbers the greatest; NaN stays one.
    let sign = SIMD16<UInt32>(repeating: isMinimum ? 0x8000_0000 : 0)
    var column = first
    while column < end {
        if column &+ 16 > end, end &- first >= 16 { column = end &- 16 }
        let width = min(16, end &- column)
        var source = x + column
        var best = floats(bits(width == 16 ? load(source) : load(source, count: width)) ^ sign)
        var places = SIMD16<Int32>()
        for index in 1..<max(count, 1) {
            source += inner
            let next = floats(bits(width == 16 ? load(source) : load(source, count: width)) ^ sign)
            let isBetter = takesLast ? next .>= best : next .> best
            best.replace(with: next, where: isBetter)
            places.replace(with: Int32(truncatingIfNeeded: index), where: isBetter)
        }
        for lane in 0..<width { y[column &+ lane] = Int(places[lane]) }
        column &+= width
    }
}
