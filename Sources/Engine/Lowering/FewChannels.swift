import Graph

extension ConvolutionLowering {
    /// Outputs of a group that are not worth the lanes of a block.
    private static let few = 4

    /// The same as a convolution whose lanes are columns, if a picture of few channels lies row by row and has few outputs:
    /// most lanes of a block would be empty, here and in all that follows.
    func connected(
        _ image: ImageShape,
        _ columns: Windows.Axis,
        of input: ValueID,
        in plan: PlanBuilder
    ) -> ConnectedConvolution? {
        guard packed == nil, merged == 1, addend == nil, activation != .maxout,
            kernel.tiling.count == 1, plan[input].layout == .dense, image.channels < 16,
            columns.stride == 1, columns.output >= 16, outputs / groups <= Self.few
        else { return nil }
        return ConnectedConvolution(
            node: node,
            windows: windows,
            table: ConnectionTable(outputs: outputs, inputs: kernel.shape[1], groups: groups),
            activation: activation
        )
    }
}

extension Kernel {
    /// The weights as those of the connections that groups have.
    func connected(_ outputs: Int) throws(ModelError) -> ConnectedConvolution.Kernels {
        ConnectedConvolution.Kernels(
            values: try values.read(),
            height: shape[2],
            width: shape[3],
            bias: bias ?? Array(repeating: 0, count: outputs),
            key: key
        )
    }
}
