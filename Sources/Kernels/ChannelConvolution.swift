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
    var row = 0
    while row < geometry.outputHeight {
        let isTall = geometry.outputHeight &- row >= ConnectedChannel.tall
        for column in stride(from: 0, to: geometry.outputWidth, by: 16) {
            let target = output + (row &* geometry.outputRow &+ column)
            if isTall {
                channel.runTall(row, column, target)
            } else {
                channel.runRow(row, column, target)
            }
        }
        row &+= isTall ? ConnectedChannel.tall : 1
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
    static var tall: Int {
        #if KERNEL_AVX512 || arch(arm64)
        8
        #elseif KERNEL_FMA
        4
        #else
        2
        #endif
    }

    @inline(never)
    func runTall(_ row: Int, _ column: Int, _ output: MutableFloats) {
        #if KERNEL_AVX512 || arch(arm64)
        run(InlineArray<8, Vector>(repeating: Vector()), row, column, output)
        #elseif KERNEL_FMA
        run(InlineArray<4, Vector>(repeating: Vector()), row, column, output)
        #else
        run(InlineArray<2, Vector>(repeating: Vector()), row, column, output)
        #endif
    }

    @inline(never)
    func runRow(_ row: Int, _ column: Int, _ output: MutableFloats) {
        run(InlineArray<1, Vector>(repeating: Vector()), row, column, output)
    }

    /// `R` rows of up to 16 columns.
    @inline(always)
    private func run<let R: Int>(
        _ zeros: InlineArray<R, Vector>,
        _ row: Int,
        _ column: Int,
        _ output: MutableFloats
    ) {
        var sums = zeros
        var weight = weights
        let width = min(16, geometry.outputWidth &- column)
        let corner =
            row &* geometry.strideHeight &* geometry.inputRow &+ column &* geometry.strideWidth
        let rowStep = geometry.strideHeight &* geometry.inputRow
        for index in 0..<count {
            let plane = input + (channels[index] &* geometry.inputPlane &+ corner)
            for i in 0..<geometry.kernelHeight {
                for j in 0..<geometry.kernelWidth {
                    let tap =
                        plane
                        + (i &* geometry.dilationHeight &* geometry.inputRow
                            &+ j &* geometry.dilationWidth)
                    let factor = splat(weight.pointee)
                    for r in 0..<R {
                        let values = columns(tap + r &* rowStep, width)
                        sums[r] = multiplyAdd(sums[r], values, factor)
                    }
                    weight += 1
                }
            }
        }
        let floor = splat(geometry.activation == .relu ? 0 : -Float.infinity)
        for r in 0..<R {
            let result = raise(sums[r] + bias, to: floor)
            let target = output + r &* geometry.outputRow
            if width == 16 {
                store(result, target)
            } else {
                store(result, target, count: width)
            }
        }
    }

    /// Input columns under 16 neighbouring outputs.
    @inline(always)
    private func columns(_ tap: Floats, _ width: Int) -> Vector {
        if geometry.strideWidth == 1 { return load(tap) }
        var vector = Vector()
        for lane in 0..<16 where lane < width { vector[lane] = tap[lane &* geometry.strideWidth] }
        return vector
    }
}
