import KernelInterface

/// Blocked in, blocked out, kernels of their own at every position; see KernelTable.convolveLocal.
func convolveLocal(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats,
    _ blocks: Int,
    _ first: Int,
    _ end: Int
) {
    let layer = LocalLayer<16>(geometry: geometry.pointee, blocks: blocks)
    layer.cover(input, weights, bias, output, first, end)
}

/// Planar in, blocked out; see KernelTable.convolveLocalPlanar.
func convolveLocalPlanar(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats,
    _ blocks: Int,
    _ first: Int,
    _ end: Int
) {
    let layer = LocalLayer<1>(geometry: geometry.pointee, blocks: blocks)
    layer.cover(input, weights, bias, output, first, end)
}

/// A layer whose weights are used once each: what counts is that they stream.
///
/// Neighbouring positions are computed side by side, so that their sums are independent; each sum
/// runs in the same order as a shared convolution's.
private struct LocalLayer<let lanes: Int> {
    let geometry: ConvolutionGeometry
    let blocks: Int

    /// Weights of one block at one position.
    @inline(__always)
    private var blockWeights: Int {
        geometry.inputBlocks &* geometry.kernelHeight &* geometry.kernelWidth &* lanes &* 16
    }

    @_transparent
    func cover(
        _ input: Floats,
        _ weights: Floats,
        _ bias: Floats,
        _ output: MutableFloats,
        _ first: Int,
        _ end: Int
    ) {
        for row in 0..<geometry.outputHeight {
            let source = input + row &* geometry.strideHeight &* geometry.inputRow
            let target = output + row &* geometry.outputRow
            var column = 0
            while column < geometry.outputWidth {
                let isWide = geometry.outputWidth &- column >= 4
                let position = row &* geometry.outputWidth &+ column
                let pixel = source + column &* geometry.strideWidth &* lanes
                for block in first..<end {
                    let start = position &* blocks &+ block
                    let end = target + (block &* geometry.outputPlane &+ column &* 16)
                    if isWide {
                        run4(pixel, weights + start &* blockWeights, bias + start &* 16, end)
                    } else {
                        run1(pixel, weights + start &* blockWeights, bias + start &* 16, end)
                    }
                }
                column &+= isWide ? 4 : 1
            }
        }
        for block in first..<end {
            activateBlocks(geometry, output + block &* geometry.outputPlane, 1)
        }
    }

    @inline(never)
    private func run4(_ input: Floats, _ weights: Floats, _ bias: Floats, _ output: MutableFloats) {
        positions(InlineArray<4, Vector>(repeating: Vector()), input, weights, bias, output)
    }

    @inline(never)
    private func run1(_ input: Floats, _ weights: Floats, _ bias: Floats, _ output: MutableFloats) {
        positions(InlineArray<1, Vector>(repeating: Vector()), input, weights, bias, output)
    }

    /// `P` neighbouring positions of one output block.
    @_transparent
    private func positions<let P: Int>(
        _ zeros: InlineArray<P, Vector>,
        _ input: Floats,
        _ packedWeights: Floats,
        _ bias: Floats,
        _ output: MutableFloats
    ) {
        var sums = zeros
        var weights = packedWeights
        let step = geometry.strideWidth &* lanes
        let position = blocks &* blockWeights
        for plane in 0..<geometry.inputBlocks {
            for row in 0..<geometry.kernelHeight {
                for column in 0..<geometry.kernelWidth {
                    let offset =
                        plane &* geometry.inputPlane
                        &+ row &* geometry.dilationHeight &* geometry.inputRow
                        &+ column &* geometry.dilationWidth &* lanes
                    let pixels = input + offset
                    for lane in 0..<lanes {
                        for p in 0..<P {
                            let weight = load(weights + (p &* position &+ lane &* 16))
                            let value = splat(pixels[p &* step &+ lane])
                            sums[p] = multiplyAdd(sums[p], value, weight)
                        }
                    }
                    weights += lanes &* 16
                }
            }
        }
        let (floor, ceiling) = (splat(geometry.floor), splat(geometry.ceiling))
        for p in 0..<P {
            let sum = sums[p] + load(bias + p &* blocks &* 16)
            store(lower(raise(sum, to: floor), to: ceiling), output + p &* 16)
        }
    }
}
