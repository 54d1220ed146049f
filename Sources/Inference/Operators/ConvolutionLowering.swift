import Compute
import KernelInterface

/// Chooses the kernel for a convolution and cuts it into chunks.
struct ConvolutionLowering {
    let node: Node
    let windows: Windows
    let groups: Int
    let activation: FusedActivation
    let kernel: Kernel

    /// How the weights lie and which kernel runs them.
    enum Method: String {
        /// Blocked input, channels of a group are whole blocks (or there is one group).
        case blocked
        /// Few input channels that lie row-major anyway: no block conversion.
        case planar
        /// One kernel per channel.
        case depthwise
        /// Groups that do not fill blocks: one dense convolution with zeros between groups.
        case expanded

        var kernel: ConvolutionKernel {
            switch self {
            case .blocked, .expanded: .blocked
            case .planar: .planar
            case .depthwise: .depthwise
            }
        }
    }

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        try check(image)
        let kernelSize = [kernel.shape[2], kernel.shape[3]]
        let (rows, columns) = try windows.axes(
            node,
            kernel: kernelSize,
            height: image.height,
            width: image.width
        )
        let method = method(channels: image.channels, layout: plan[input].layout)
        let source = try plan.image(
            input,
            as: method == .planar ? .dense : .blocked,
            halo: Halo(rows, columns)
        )
        let output = try plan.define(
            node.outputs[0],
            image.result(
                channels: outputs / activation.channelsPerOutput,
                height: rows.output,
                width: columns.output
            ),
            .blocked
        )
        plan.count(
            image.count * outputs * rows.output * columns.output * kernel.shape[1]
                * kernelSize[0] * kernelSize[1],
            for: node
        )
        ConvolutionStep(lowering: self, method: method, rows: rows, columns: columns)
            .add(from: source, to: output, images: image.count, into: &plan)
    }

    var outputs: Int { kernel.shape[0] }

    /// Blocks before a maxout: both members of each pair of blocks count.
    var outputBlocks: Int {
        activation.channelsPerOutput * blocks(of: outputs / activation.channelsPerOutput)
    }

    private func check(_ image: ImageShape) throws(ModelError) {
        let (shape, channels) = (kernel.shape, image.channels)
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard shape.rank == 4, shape.checkedCount == kernel.values.count / kernel.tiling.count
        else {
            throw fail("the kernel has shape \(shape), expected [O, I, kh, kw] or [O, I, k]")
        }
        guard kernel.isSeries == image.isSeries else {
            throw fail(
                image.isSeries
                    ? "the input is a series [N, C, L], its kernel must be [O, I, k]"
                    : "the input is an image [N, C, H, W], its kernel must be [O, I, kh, kw]"
            )
        }
        if let expected = windows.kernel, expected != [shape[2], shape[3]] {
            throw fail("kernel_shape is \(expected), but the weights are \(shape)")
        }
        guard groups >= 1, outputs >= 1, outputs % groups == 0 else {
            throw fail("\(outputs) output channels do not divide into \(groups) groups")
        }
        guard channels == shape[1] * groups else {
            throw fail(
                "the input has \(channels) channels, the weights expect \(shape[1] * groups)"
            )
        }
        if let bias = kernel.bias, bias.count != outputs,
            bias.count != outputs * kernel.tiling.count
        {
            throw fail("the bias has \(bias.count) elements, expected \(outputs)")
        }
        guard outputs % activation.channelsPerOutput == 0 else {
            throw fail("maxout needs an even number of channels, got \(outputs)")
        }
    }

    private func method(channels: Int, layout: Layout) -> Method {
        if groups == 1 { return layout == .dense && channels < 16 ? .planar : .blocked }
        if groups == channels, outputs == channels, activation != .maxout { return .depthwise }
        let perGroup = (channels / groups, outputs / groups)
        return perGroup.0 % 16 == 0 && perGroup.1 % 16 == 0 && activation != .maxout
            ? .blocked : .expanded
    }
}
