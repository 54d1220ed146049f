import KernelInterface

/// Planar in, blocked out, for inputs of few channels; see KernelTable.convolvePlanar.
func convolvePlanar(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let step = geometry.strideWidth
    let window = Window(geometry, column: geometry.dilationWidth, step: step)
    let sweep = Sweep(geometry, window, input, weights, bias, output, lanes: 1)
    let limit = step <= 2 ? 14 : 8
    forEachPack(geometry, sweep, first, end, limit: limit) { (pack, pixels, blocks) in
        switch step {
        case 1: cover(Reading<1, 1>.self, pixels: pixels, blocks: blocks, pack)
        case 2: cover(Reading<2, 1>.self, pixels: pixels, blocks: blocks, pack)
        default: cover(Reading<0, 1>.self, pixels: pixels, blocks: blocks, pack)
        }
    }
}
