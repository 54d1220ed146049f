import KernelInterface

/// Planar in, blocked out, for inputs of few channels or 1x1 kernels; see KernelTable.convolvePlanar.
func convolvePlanar(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    var geometry = geometry.pointee
    if geometry.isPointwise(lanes: 1), addend == nil || geometry.addendRow == geometry.outputRow {
        geometry.flatten()
    }
    switch geometry.literalStride {
    case 1:
        coverBlocks(Reading<1, 1>.self, geometry, input, weights, bias, addend, output, first, end)
    case 2:
        coverBlocks(Reading<2, 1>.self, geometry, input, weights, bias, addend, output, first, end)
    default:
        coverBlocks(Reading<0, 1>.self, geometry, input, weights, bias, addend, output, first, end)
    }
}
