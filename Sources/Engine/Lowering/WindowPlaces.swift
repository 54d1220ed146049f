import Compute
import Graph
import KernelInterface

extension Halo {
    /// The padding that windows really reach.
    init(_ rows: Windows.Axis, _ columns: Windows.Axis) {
        self.init(
            top: rows.padBegin,
            left: columns.padBegin,
            bottom: rows.reachedEnd,
            right: columns.reachedEnd
        )
    }
}

extension ConvolutionGeometry {
    /// The windows over a whole image whose input and output lie at these places; `inputBlocks` blocks or channels.
    init(
        _ rows: Windows.Axis,
        _ columns: Windows.Axis,
        inputBlocks: Int,
        lastLanes: Int = 16,
        from: Place,
        to: Place,
        activation: FusedActivation
    ) {
        self.init(
            inputBlocks: inputBlocks,
            lastLanes: lastLanes,
            inputPlane: from.plane,
            inputRow: from.row,
            kernelHeight: rows.kernel,
            kernelWidth: columns.kernel,
            strideHeight: rows.stride,
            strideWidth: columns.stride,
            dilationHeight: rows.dilation,
            dilationWidth: columns.dilation,
            outputHeight: rows.output,
            outputWidth: columns.output,
            outputPlane: to.plane,
            outputRow: to.row,
            outputColumn: 16,
            activation: activation.kernel,
            floor: activation.floor,
            ceiling: activation.ceiling,
            addendPlane: 0,
            addendRow: 0,
            halfBlock: -1,
            image: ImageBounds()
        )
    }
}
