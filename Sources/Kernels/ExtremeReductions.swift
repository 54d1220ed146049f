import KernelInterface

protocol ExtremeReduction {
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector
}

/// NaN wherever there is one.
struct LargestOf: ExtremeReduction {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { maximum(a, b) }
}

struct SmallestOf: ExtremeReduction {
    @_transparent
    func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
        let smaller = a.replacing(with: b, where: b .< a)
        return smaller.replacing(with: b, where: b .!= b)
    }
}

@inline(never)
func extremeRows<Function: ExtremeReduction>(
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ y: MutableFloats,
    _ rows: Int
) {
    let count = geometry.count
    guard count > 0 else { return }
    for row in 0..<rows {
        let source = x + row &* count
        var best = splat(source[0])
        var index = 0
        while index &+ 16 <= count {
            best = function(best, load(source + index))
            index &+= 16
        }
        if index < count {
            // The last ones once more with those before them, where there are so many.
            let rest =
                count >= 16
                ? load(source + (count &- 16))
                : load(source, count: count, others: source[0])
            best = function(best, rest)
        }
        for _ in 0..<4 {
            let (even, odd) = (best.evenHalf, best.oddHalf)
            best = function(
                Vector(lowHalf: even, highHalf: even),
                Vector(lowHalf: odd, highHalf: odd)
            )
        }
        y[row] = best[0]
    }
}

@inline(never)
func extremeColumns<Function: ExtremeReduction>(
    _ function: Function,
    _ geometry: ReductionGeometry,
    _ x: Floats,
    _ y: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    guard geometry.count > 0 else { return }
    var column = first
    while column &+ 32 <= end {
        var source = x + column
        var best = (load(source), load(source + 16))
        for _ in 1..<geometry.count {
            source += geometry.inner
            best = (function(best.0, load(source)), function(best.1, load(source + 16)))
        }
        store(best.0, y + column)
        store(best.1, y + (column &+ 16))
        column &+= 32
    }
    while column < end {
        if column &+ 16 > end, end &- first >= 16 { column = end &- 16 }
        let width = min(16, end &- column)
        var source = x + column
        var best = load(source, count: width)
        for _ in 1..<geometry.count {
            source += geometry.inner
            best = function(best, width == 16 ? load(source) : load(source, count: width))
        }
        store(best, y + column, count: width)
        column &+= width
    }
}
