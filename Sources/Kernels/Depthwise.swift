import KernelInterface

/// One kernel per channel; see KernelTable.convolveDepthwise.
func convolveDepthwise(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let window = Window(
        geometry,
        column: geometry.dilationWidth &* 16,
        step: geometry.strideWidth &* 16
    )
    for block in first..<end {
        var sweep = Sweep(geometry, window, input, weights, bias, output, lanes: 1)
        sweep.input += block &* geometry.inputPlane
        sweep.weights += block &* window.rows &* window.columns &* 16
        sweep.finish.bias += block &* 16
        sweep.finish.output += block &* geometry.outputPlane
        switch window.step {
        case 16: coverDepthwise(Reading<16, 16>.self, sweep)
        case 32: coverDepthwise(Reading<32, 16>.self, sweep)
        default: coverDepthwise(Reading<0, 16>.self, sweep)
        }
        if geometry.activation == .tanh || geometry.activation == .sigmoid {
            sweep.applyActivation(geometry.activation, blocks: 1)
        }
    }
}

/// Vectors of sums of one tile: P neighbouring pixels of 16 channels.
private struct DepthwiseTile<let P: Int, let step: Int> {
    @inline(always)
    static func run(_ window: Window, _ input: Floats, _ packedWeights: Floats, _ finish: Finish) {
        var sums = InlineArray<P, Vector>(repeating: Vector())
        var weights = packedWeights
        let pixelStep = step == 0 ? window.step : step
        for row in 0..<window.rows {
            for column in 0..<window.columns {
                let weight = load(weights)
                let pixels = input + (row &* window.row &+ column &* window.column)
                for pixel in 0..<P {
                    sums[pixel] = multiplyAdd(
                        sums[pixel],
                        load(pixels + pixel &* pixelStep),
                        weight
                    )
                }
                weights += 16
            }
        }
        let bias = load(finish.bias)
        let floor = splat(finish.floor)
        for pixel in 0..<P {
            store(raise(sums[pixel] + bias, to: floor), finish.output + pixel &* 16)
        }
    }

    @inline(never)
    static func cover(_ sweep: Sweep) {
        let pixelStep = step == 0 ? sweep.window.step : step
        for row in 0..<sweep.height {
            let input = sweep.input + row &* sweep.inputRow
            var finish = sweep.finish
            let output = finish.output + row &* sweep.outputRow
            var column = 0
            while column < sweep.width {
                let start = min(column, sweep.width &- P)
                finish.output = output + start &* 16
                run(sweep.window, input + start &* pixelStep, sweep.weights, finish)
                column &+= P
            }
        }
    }
}

@inline(always)
private func coverDepthwise<let step: Int>(_: Reading<step, 16>.Type, _ sweep: Sweep) {
    switch sweep.width {
    case ...0: break
    case 1: DepthwiseTile<1, step>.cover(sweep)
    case 2, 3: DepthwiseTile<2, step>.cover(sweep)
    #if KERNEL_FMA || arch(arm64)
    case 4...7: DepthwiseTile<4, step>.cover(sweep)
    #if KERNEL_AVX512 || arch(arm64)
    default: DepthwiseTile<7, step>.cover(sweep)
    #else
    default: DepthwiseTile<4, step>.cover(sweep)
    #endif
    #else
    default: DepthwiseTile<2, step>.cover(sweep)
    #endif
    }
}
