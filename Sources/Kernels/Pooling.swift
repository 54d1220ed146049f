import KernelInterface

/// Maximum of each clipped window, NaN if it holds one; −∞ for a window of nothing but padding.
func maxPool(
    _ geometry: UnsafePointer<PoolGeometry>,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    pool(MaximumReduction.self, geometry.pointee, input, output, first, end)
}

/// Mean of each clipped window; 0 for a window of nothing but padding.
func averagePool(
    _ geometry: UnsafePointer<PoolGeometry>,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    pool(MeanReduction.self, geometry.pointee, input, output, first, end)
}

/// Lp norms of clipped windows; see KernelTable.powerPool.
func powerPool(
    _ geometry: UnsafePointer<PoolGeometry>,
    _ power: Int,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    switch power {
    case 1: pool(AbsoluteReduction.self, geometry, input, output, first, end)
    case 2: pool(EuclideanReduction.self, geometry, input, output, first, end)
    default: poolPower(power, geometry, input, output, first, end)
    }
}

private protocol PoolReduction {
    static var start: Vector { get }
    static func combine(_ reduced: Vector, _ value: Vector) -> Vector
    static func finish(_ reduced: Vector, count: Int) -> Vector
}

private enum MaximumReduction: PoolReduction {
    @inline(__always)
    static var start: Vector { splat(-Float.infinity) }

    @_transparent
    static func combine(_ reduced: Vector, _ value: Vector) -> Vector { maximum(reduced, value) }

    @_transparent
    static func finish(_ reduced: Vector, count: Int) -> Vector { reduced }
}

private enum MeanReduction: PoolReduction {
    @inline(__always)
    static var start: Vector { Vector() }

    @_transparent
    static func combine(_ reduced: Vector, _ value: Vector) -> Vector { reduced + value }

    @_transparent
    static func finish(_ reduced: Vector, count: Int) -> Vector {
        reduced / splat(Float(max(count, 1)))
    }
}

private enum AbsoluteReduction: PoolReduction {
    @inline(__always)
    static var start: Vector { Vector() }

    @_transparent
    static func combine(_ reduced: Vector, _ value: Vector) -> Vector {
        reduced + maximum(value, -value)
    }

    @_transparent
    static func finish(_ reduced: Vector, count: Int) -> Vector { reduced }
}

private enum EuclideanReduction: PoolReduction {
    @inline(__always)
    static var start: Vector { Vector() }

    @_transparent
    static func combine(_ reduced: Vector, _ value: Vector) -> Vector {
        multiplyAdd(reduced, value, value)
    }

    @_transparent
    static func finish(_ reduced: Vector, count: Int) -> Vector { reduced.squareRoot() }
}

/// The sum of |x|^power over each window, for powers nobody hurries for.
@inline(never)
private func poolPower(
    _ power: Int,
    _ geometry: PoolGeometry,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    for block in first..<end {
        for row in 0..<geometry.outputHeight {
            let rows = geometry.rows(row)
            for column in 0..<geometry.outputWidth {
                let columns = geometry.columns(column)
                var sum = Vector()
                for i in rows.first..<rows.end {
                    let y = rows.origin &+ i &* geometry.dilationHeight
                    for j in columns.first..<columns.end {
                        let x = columns.origin &+ j &* geometry.dilationWidth
                        let offset =
                            block &* geometry.inputPlane &+ y &* geometry.inputRow &+ x &* 16
                        let value = load(input + offset)
                        let size = maximum(value, -value)
                        var product = size
                        for _ in 1..<power { product *= size }
                        sum += product
                    }
                }
                let offset =
                    block &* geometry.outputPlane &+ row &* geometry.outputRow &+ column &* 16
                store(sum, output + offset)
            }
        }
    }
}

/// The part of a window, along one axis, that lies on the input.
private struct Clip {
    /// Taps [first, end) of the kernel.
    var first: Int
    var end: Int

    /// Taps on the input or its padding.
    var padded: Int

    /// Input coordinate of tap 0; may be negative.
    var origin: Int

    @_transparent
    init(
        output: Int,
        stride: Int,
        pad: Int,
        padEnd: Int,
        dilation: Int,
        kernel: Int,
        extent: Int
    ) {
        origin = output &* stride &- pad
        first = origin >= 0 ? 0 : (dilation &- 1 &- origin) / dilation
        end = Clip.taps(before: extent, origin, dilation, kernel)
        padded = Clip.taps(before: extent &+ padEnd, origin, dilation, kernel)
        first = min(first, end)
    }

    /// Taps at coordinates below `bound`.
    @_transparent
    private static func taps(
        before bound: Int,
        _ origin: Int,
        _ dilation: Int,
        _ kernel: Int
    )
        -> Int
    {
        bound <= origin ? 0 : min(kernel, (bound &- origin &+ dilation &- 1) / dilation)
    }
}

extension PoolGeometry {
    @_transparent
    fileprivate func rows(_ output: Int) -> Clip {
        Clip(
            output: output,
            stride: strideHeight,
            pad: padTop,
            padEnd: padBottom,
            dilation: dilationHeight,
            kernel: kernelHeight,
            extent: inputHeight
        )
    }

    @_transparent
    fileprivate func columns(_ output: Int) -> Clip {
        Clip(
            output: output,
            stride: strideWidth,
            pad: padLeft,
            padEnd: padRight,
            dilation: dilationWidth,
            kernel: kernelWidth,
            extent: inputWidth
        )
    }

    /// Output columns [first, end) whose windows lie on the input from left to right.
    @inline(__always)
    fileprivate var wholeColumns: (first: Int, end: Int) {
        let reach = (kernelWidth &- 1) &* dilationWidth
        let last = inputWidth &- 1 &- reach &+ padLeft
        let first = min(outputWidth, (padLeft &+ strideWidth &- 1) / strideWidth)
        let end = last < 0 ? 0 : min(outputWidth, last / strideWidth &+ 1)
        return (first, max(first, end))
    }
}

@_transparent
private func pool<Reduction: PoolReduction>(
    _: Reduction.Type,
    _ geometry: PoolGeometry,
    _ input: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let whole = geometry.wholeColumns
    for block in first..<end {
        for row in 0..<geometry.outputHeight {
            let line = PoolLine<Reduction>(
                geometry: geometry,
                rows: geometry.rows(row),
                input: input + block &* geometry.inputPlane,
                output: output + (block &* geometry.outputPlane &+ row &* geometry.outputRow)
            )
            var column = 0
            while column < whole.first {
                line.pool(column)
                column &+= 1
            }
            while column &+ 4 <= whole.end {
                line.poolFour(column)
                column &+= 4
            }
            while column < geometry.outputWidth {
                line.pool(column)
                column &+= 1
            }
        }
    }
}

/// One row of one output block.
private struct PoolLine<Reduction: PoolReduction> {
    let geometry: PoolGeometry
    let rows: Clip
    let input: Floats
    let output: MutableFloats

    @_transparent
    func pool(_ column: Int) {
        let columns = geometry.columns(column)
        var reduced = Reduction.start
        for i in rows.first..<rows.end {
            for j in columns.first..<columns.end {
                reduced = Reduction.combine(reduced, load(element(i, columns.origin, j)))
            }
        }
        store(Reduction.finish(reduced, count: count(columns)), output + column &* 16)
    }

    /// Four neighbours whose windows need no clipping from left to right.
    @_transparent
    func poolFour(_ column: Int) {
        let origin = column &* geometry.strideWidth &- geometry.padLeft
        let step = geometry.strideWidth &* 16
        var reduced = InlineArray<4, Vector>(repeating: Reduction.start)
        for i in rows.first..<rows.end {
            for j in 0..<geometry.kernelWidth {
                let source = element(i, origin, j)
                for p in 0..<4 {
                    reduced[p] = Reduction.combine(reduced[p], load(source + p &* step))
                }
            }
        }
        let count = count(geometry.columns(column))
        for p in 0..<4 {
            store(Reduction.finish(reduced[p], count: count), output + (column &+ p) &* 16)
        }
    }

    /// Tap (i, j) of the window that begins at column `origin`.
    @_transparent
    private func element(_ i: Int, _ origin: Int, _ j: Int) -> Floats {
        let y = rows.origin &+ i &* geometry.dilationHeight
        let x = origin &+ j &* geometry.dilationWidth
        return input + (y &* geometry.inputRow &+ x &* 16)
    }

    @_transparent
    private func count(_ columns: Clip) -> Int {
        geometry.countIncludePad != 0
            ? rows.padded &* columns.padded
            : (rows.end &- rows.first) &* (columns.end &- columns.first)
    }
}
