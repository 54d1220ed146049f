import Compute
import Graph

/// A bank of Gabor functions as a convolution over grey images, one kernel per list entry.
///
/// w(x,y) = α·exp(−β_x x'² − β_y y'²)·cos(f x' + φ), x' = (x−x0)cos τ + (y−y0) sin τ,
/// y' = −(x−x0) sin τ + (y−y0) cos τ; x to the right, y down, from the window's middle.
struct Gabor: LayerOperator {
    private let windows: Windows
    private let bank: GaborBank

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: false)
        bank = try GaborBank(&attributes, kernel: windows.kernel)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let bank = bank
        try ConvolutionLowering(
            node: node,
            windows: windows,
            groups: 1,
            activation: .none,
            kernel: Kernel(
                shape: bank.shape,
                values: StoredFloats(count: bank.shape.count) { bank.weights() },
                bias: nil,
                key: node.name
            )
        ).lower(input, into: &plan)
    }
}
