import KernelInterface

/// One kernel per channel; see KernelTable.convolveDepthwise.
func convolveDepthwise(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _: Floats?,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let blockWeights = geometry.kernelHeight &* geometry.kernelWidth &* 16
    for block in first..<end {
        let source = input + block &* geometry.inputPlane
        let kernel = weights + block &* blockWeights
        let shift = bias + block &* 16
        let target = output + block &* geometry.outputPlane
        let isSquare = geometry.kernelHeight == 3 && geometry.kernelWidth == 3
        let isDense = geometry.dilationHeight == 1 && geometry.dilationWidth == 1
        switch (isSquare && isDense, geometry.strideHeight, geometry.strideWidth) {
        case (true, 1, 1): coverSquare(geometry, source, kernel, shift, target)
        case (_, _, 1):
            coverDepthwise(Reading<16, 16>.self, geometry, source, kernel, shift, target)
        case (_, _, 2):
            coverDepthwise(Reading<32, 16>.self, geometry, source, kernel, shift, target)
        default:
            coverDepthwise(Reading<0, 16>.self, geometry, source, kernel, shift, target)
        }
        activateBlocks(geometry, target, 1)
    }
}

@_transparent
private func coverDepthwise<let step: Int>(
    _: Reading<step, 16>.Type,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats
) {
    switch geometry.outputWidth {
    case ...0: break
    case 1: DepthwiseTile<1, step>.cover(geometry, input, weights, bias, output)
    #if arch(arm64)
    case 2, 3: DepthwiseTile<2, step>.cover(geometry, input, weights, bias, output)
    case 4, 5: DepthwiseTile<4, step>.cover(geometry, input, weights, bias, output)
    default: DepthwiseTile<6, step>.cover(geometry, input, weights, bias, output)
    #elseif KERNEL_AVX512
    case 2, 3: DepthwiseTile<2, step>.cover(geometry, input, weights, bias, output)
    case 4...6: DepthwiseTile<4, step>.cover(geometry, input, weights, bias, output)
    default: DepthwiseTile<7, step>.cover(geometry, input, weights, bias, output)
    #elseif KERNEL_FMA
    case 2, 3: DepthwiseTile<2, step>.cover(geometry, input, weights, bias, output)
    default: DepthwiseTile<4, step>.cover(geometry, input, weights, bias, output)
    #else
    default: DepthwiseTile<2, step>.cover(geometry, input, weights, bias, output)
    #endif
    }
}

/// P neighbouring pixels of 16 channels.
private struct DepthwiseTile<let P: Int, let step: Int> {
    @inline(never)
    static func cover(
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ weights: Floats,
        _ bias: Floats,
        _ output: MutableFloats
    ) {
        let pixelStep = step == 0 ? geometry.strideWidth &* 16 : step
        for row in 0..<geometry.outputHeight {
            let source = input + row &* geometry.strideHeight &* geometry.inputRow
            let target = output + row &* geometry.outputRow
            var column = 0
            while column < geometry.outputWidth {
                let start = min(column, geometry.outputWidth &- P)
                let pixels = source + start &* pixelStep
                run(geometry, pixels, pixelStep, weights, load(bias), target + start &* 16)
                column &+= P
            }
        }
    }

    @_transparent
    private static func run(
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ pixelStep: Int,
        _ packedWeights: Floats,
        _ bias: Vector,
        _ output: MutableFloats
    ) {
        var sums = InlineArray<P, Vector>(repeating: Vector())
        var weights = packedWeights
        for row in 0..<geometry.kernelHeight {
            var tap = input + row &* geometry.dilationHeight &* geometry.inputRow
            for _ in 0..<geometry.kernelWidth {
                let weight = load(weights)
                for pixel in 0..<P {
                    sums[pixel] = multiplyAdd(sums[pixel], load(tap + pixel &* pixelStep), weight)
                }
                weights += 16
                tap += geometry.dilationWidth &* 16
            }
        }
        let (floor, ceiling) = (splat(geometry.floor), splat(geometry.ceiling))
        for pixel in 0..<P {
            store(lower(raise(sums[pixel] + bias, to: floor), to: ceiling), output + pixel &* 16)
        }
    }
}
