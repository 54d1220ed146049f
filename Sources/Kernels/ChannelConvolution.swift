import KernelInterface

/// One output channel of the input channels it is connected to; see KernelTable.convolveChannels.
///
/// The lanes are 16 neighbouring output columns, so that no connection that is not there is computed.
func convolveChannels(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ channels: UnsafePointer<Int>,
    _ count: Int,
    _ weights: Floats,
    _ bias: Float,
    _ output: MutableFloats
) {
    let geometry = geometry.pointee
    let channel = ConnectedChannel(
        geometry: geometry,
        input: input,
        channels: channels,
        count: count,
        weights: weights,
        bias: splat(bias)
    )
    if geometry.strideWidth == 1 {
        channel.cover(Reading<1, 1>.self, output)
    } else {
        channel.cover(Reading<0, 1>.self, output)
    }
    guard geometry.activation == .tanh || geometry.activation == .sigmoid else { return }
    for row in 0..<geometry.outputHeight {
        let start = output + row &* geometry.outputRow
        activate(geometry.activation, start, start, geometry.outputWidth)
    }
}

private struct ConnectedChannel {
    let geometry: ConvolutionGeometry
    let input: Floats
    let channels: UnsafePointer<Int>
    let count: Int
    let weights: Floats
    let bias: Vector

    /// Rows computed at once: their sums do not wait for each other.
    private static var tall: Int {
        #if KERNEL_AVX512
        8
        #elseif arch(arm64)
        4
        #elseif KERNEL_FMA
        4
        #else
        2
        #endif
    }

    @_transparent
    func cover<let step: Int>(_ reading: Reading<step, 1>.Type, _ output: MutableFloats) {
        var row = 0
        while row < geometry.outputHeight {
            let isTall = geometry.outputHeight &- row >= Self.tall
            var next = 0
            while next < geometry.outputWidth {
                // The last 16 are moved left until they fit: the same bits, twice.
                let column = max(0, min(next, geometry.outputWidth &- 16))
                let target = output + (row &* geometry.outputRow &+ column)
                if isTall {
                    runTall(reading, row, column, target)
                } else {
                    RowTile<1, step>.run(self, row, column, target)
                }
                next &+= 16
            }
            row &+= isTall ? Self.tall : 1
        }
    }

    @_transparent
    private func runTall<let step: Int>(
        _: Reading<step, 1>.Type,
        _ row: Int,
        _ column: Int,
        _ output: MutableFloats
    ) {
        #if arch(arm64)
        RowTile<4, step>.run(self, row, column, output)
        #elseif KERNEL_AVX512
        RowTile<8, step>.run(self, row, column, output)
        #elseif KERNEL_FMA
        RowTile<4, step>.run(self, row, column, output)
        #else
        RowTile<2, step>.run(self, row, column, output)
        #endif
    }
}

/// `R` rows of up to 16 columns; `step` is the literal column stride, 0 if only the geometry knows it.
private struct RowTile<let R: Int, let step: Int> {
    @inline(never)
    static func run(
        _ channel: ConnectedChannel,
        _ row: Int,
        _ column: Int,
        _ output: MutableFloats
    ) {
        var sums = InlineArray<R, Vector>(repeating: Vector())
        var weight = channel.weights
        let geometry = channel.geometry
        let width = min(16, geometry.outputWidth &- column)
        let rowStep = geometry.strideHeight &* geometry.inputRow
        let corner = channel.input + (row &* rowStep &+ column &* geometry.strideWidth)
        for index in 0..<channel.count {
            let plane = corner + channel.channels[index] &* geometry.inputPlane
            for i in 0..<geometry.kernelHeight {
                var tap = plane + i &* geometry.dilationHeight &* geometry.inputRow
                for _ in 0..<geometry.kernelWidth {
                    let factor = splat(weight.pointee)
                    for r in 0..<R {
                        let values =
                            step == 1
                            ? load(tap + r &* rowStep)
                            : strided(tap + r &* rowStep, geometry.strideWidth, width)
                        sums[r] = multiplyAdd(sums[r], values, factor)
                    }
                    weight += 1
                    tap += geometry.dilationWidth
                }
            }
        }
        let (floor, ceiling) = (splat(geometry.floor), splat(geometry.ceiling))
        for r in 0..<R {
            let result = lower(raise(sums[r] + channel.bias, to: floor), to: ceiling)
            let target = output + r &* geometry.outputRow
            if width == 16 {
                store(result, target)
            } else {
                store(result, target, count: width)
            }
        }
    }

    /// Every `stride`-th column, as many as there are outputs.
    @inline(never)
    private static func strided(_ tap: Floats, _ stride: Int, _ width: Int) -> Vector {
        var vector = Vector()
        for lane in 0..<16 where lane < width { vector[lane] = tap[lane &* stride] }
        return vector
    }
}
