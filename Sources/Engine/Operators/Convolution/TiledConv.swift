import Graph

/// Z[i,j,k] = b[i] + Σ V[l, j·s+m, k·s+n] · K[i,l,m,n, j mod t, k mod t]: kernels that take turns.
///
/// Our own domain. Inputs: image [N, I, H, W], K [O, I, kh, kw, t_h, t_w], b [O] or [O, t_h, t_w].
/// Goodfellow, Bengio and Courville, Deep Learning, equation 9.10; Gregor and LeCun 2010.
struct TiledConv: LayerOperator {
    private let windows: Windows
    private let tile: [Int]
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: false)
        guard let tile = try attributes.ints("tile"), tile.count == 2,
            tile.allSatisfy({ $0 >= 1 && $0 <= 1 << 20 })
        else {
            throw attributes.mismatch("tile", "one or two numbers from 1", .string("none such"))
        }
        self.tile = tile
        activation = try FusedActivation(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let weights = plan.constant(node, 1), let values = weights.storedFloats else {
            throw .shape(node: node.name, reason: "the kernels of a convolution must be a constant")
        }
        let shape = weights.shape.dimensions
        guard shape.count == 6, Array(shape[4...]) == tile, weights.shape.count == values.count
        else {
            throw .shape(
                node: node.name,
                reason: "the kernels have shape \(weights.shape), expected "
                    + "[O, I, kh, kw, \(tile[0]), \(tile[1])]"
            )
        }
        try ConvolutionLowering(
            node: node,
            windows: windows,
            groups: 1,
            activation: activation,
            kernel: Kernel(
                shape: Shape(Array(shape[..<4])),
                values: values,
                bias: node.constantBias(plan),
                key: "\(node.constantNames)/tiled",
                tiling: Kernel.Tiling(rows: tile[0], columns: tile[1])
            )
        ).lower(plan.input(node, 0), into: &plan)
    }
}
