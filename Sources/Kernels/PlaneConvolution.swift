import KernelInterface

// Neighbouring pixels side by side in a vector, for columns of stride 1.
//
// For a first layer whose answer goes out row by row, so that it is not brought back from blocks. C channels of 16
// pixels stay in registers; each tap is one vector of pixels for all of them, times a weight for each. The bound is
// the multipliers: two loads of pixels and C of weights meet 2 C multiply-adds. The sums are those of the blocked
// output, bit for bit.

/// Planar in, planar out, for inputs of few channels; see KernelTable.convolvePlanes.
func convolvePlanes(
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
    let taps = geometry.inputBlocks &* geometry.kernelHeight &* geometry.kernelWidth
    var channel = first
    while channel < end {
        let lane = channel % 16
        let kernel = weights + (channel / 16 &* taps &* 16 &+ lane)
        let shift = bias + channel
        let target = output + channel &* geometry.outputPlane
        let remaining = min(end &- channel, 16 &- lane)
        let count = TileChoice.narrowBlocks(remaining: remaining) ?? min(remaining, 2)
        switch count {
        case 6: PlaneTile<6>.cover(geometry, input, kernel, shift, target)
        case 5: PlaneTile<5>.cover(geometry, input, kernel, shift, target)
        case 4: PlaneTile<4>.cover(geometry, input, kernel, shift, target)
        case 2: PlaneTile<2>.cover(geometry, input, kernel, shift, target)
        default: PlaneTile<1>.cover(geometry, input, kernel, shift, target)
        }
        channel &+= count
    }
}

/// C output channels of 16 pixels.
private struct PlaneTile<let C: Int> {
    /// Covers an image of at least 16 columns; the last tile of a row is moved left until it fits.
    @inline(never)
    static func cover(
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ weights: Floats,
        _ bias: Floats,
        _ output: MutableFloats
    ) {
        for row in 0..<geometry.outputHeight {
            let source = input + row &* geometry.strideHeight &* geometry.inputRow
            let target = output + row &* geometry.outputRow
            var column = 0
            while column < geometry.outputWidth {
                let start = min(column, geometry.outputWidth &- 16)
                run(geometry, source + start, weights, bias, target + start)
                column &+= 16
            }
        }
    }

    @_transparent
    private static func run(
        _ geometry: ConvolutionGeometry,
        _ input: Floats,
        _ packedWeights: Floats,
        _ bias: Floats,
        _ output: MutableFloats
    ) {
        var sums = InlineArray<C, Vector>(repeating: Vector())
        var weights = packedWeights
        for plane in 0..<geometry.inputBlocks {
            for row in 0..<geometry.kernelHeight {
                let line =
                    plane &* geometry.inputPlane
                    &+ row &* geometry.dilationHeight &* geometry.inputRow
                var tap = input + line
                for _ in 0..<geometry.kernelWidth {
                    let pixels = load(tap)
                    for c in 0..<C {
                        sums[c] = multiplyAdd(sums[c], splat(weights[c]), pixels)
                    }
                    weights += 16
                    tap += geometry.dilationWidth
                }
            }
        }
        let (floor, ceiling) = (splat(geometry.floor), splat(geometry.ceiling))
        for c in 0..<C {
            let sum = sums[c] + splat(bias[c])
            store(lower(raise(sum, to: floor), to: ceiling), output + c &* geometry.outputPlane)
        }
    }
}
