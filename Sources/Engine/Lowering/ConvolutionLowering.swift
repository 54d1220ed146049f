import Compute
import Graph
import KernelInterface

/// Chooses the kernel for a convolution and cuts it into chunks.
struct ConvolutionLowering {
    let node: Node
    let windows: Windows
    let groups: Int
    let activation: FusedActivation
    let kernel: Kernel
    /// Added to the sums; a value of the output's shape.
    var addend: ValueID?
    /// How many groups of the node are one here, with zeros between them.
    var merged = 1

    /// How the weights lie and which kernel runs them.
    enum Method: String {
        /// Blocked input, channels of a group are whole blocks (or there is one group).
        case blocked
        /// Few input channels, or a 1x1 kernel's, that lie row-major anyway: no block conversion.
        case planar
        /// The same with a row-major output, which nobody wants in blocks.
        case planes
        /// One kernel per channel.
        case depthwise
        /// The same for 3x3 kernels of stride 1 between values that lie row-major.
        case squares
        /// Groups that do not fill blocks: one dense convolution with zeros between groups.
        case expanded
        /// Winograd's F(4x4, 3x3) or F(2x2, 3x3), blocked.
        case winograd4, winograd2
        var kernel: ConvolutionKernel {
            switch self {
            case .blocked, .expanded, .winograd4, .winograd2: .blocked
            case .planar: .planar
            case .depthwise: .depthwise
            case .planes, .squares: .planes
            }
        }

        var input: Layout { self == .planar ? .dense : output }

        var output: Layout { self == .planes || self == .squares ? .dense : .blocked }

        /// Whether the kernel itself puts zeros around its input.
        var pads: Bool { self == .squares }
    }

    /// Adds another value to the sums: in registers if the kernel can, else by a step of its own.
    func lower(
        _ input: ValueID,
        plus other: ValueID?,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        if let larger { return try larger.lower(input, plus: other, into: &plan) }
        guard let other else { return try lower(input, into: &plan) }
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        let (rows, columns) = try windows.axes(
            node,
            kernel: [kernel.shape[2], kernel.shape[3]],
            height: image.height,
            width: image.width
        )
        let shape = image.result(channels: outputs, height: rows.output, width: columns.output)
        let isDepthwise = groups > 1 && kernel.shape[1] == 1
        guard plan.shape(of: other) == shape, !isDepthwise, activation != .maxout else {
            return try lowerApart(input, other, into: &plan)
        }
        var fused = self
        fused.addend = try plan.value(other, as: .blocked)
        try fused.lower(input, into: &plan)
    }

    /// An image of one column as one of one row: the kernels compute several neighbours of a row at once.
    func lowerColumn(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = plan.shape(of: input)
        let row = try plan.alias(
            "",
            of: plan.value(input, as: .dense),
            shape: [shape[0], shape[1], 1, shape[2]]
        )
        var turned = node
        turned.outputs = ["\(node.outputs[0])/row"]
        let sizes = kernel.shape
        try ConvolutionLowering(
            node: turned,
            windows: windows.turned,
            groups: groups,
            activation: activation,
            kernel: Kernel(
                shape: [sizes[0], sizes[1], 1, sizes[2]],
                values: kernel.values,
                bias: kernel.bias,
                key: "\(kernel.key)/row"
            )
        ).lower(row, into: &plan)
        guard let made = plan.id(named: turned.outputs[0]) else { return }
        let result = plan.shape(of: made)
        _ = try plan.alias(
            node.outputs[0],
            of: plan.value(made, as: .dense),
            shape: [result[0], result[1], result[3], result[2]]
        )
    }

    /// Convolution, addition and activation one after the other.
    private func lowerApart(
        _ input: ValueID,
        _ other: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        var apart = node
        apart.outputs = ["\(node.name).convolved"]
        try ConvolutionLowering(
            node: apart,
            windows: windows,
            groups: groups,
            activation: .none,
            kernel: kernel
        ).lower(input, into: &plan)
        let sum = activation == .none ? node.outputs[0] : "\(node.name).sum"
        let addition = Node(
            name: node.name,
            op: "Add",
            inputs: [apart.outputs[0], plan[other].name],
            outputs: [sum]
        )
        try plan.lower(addition)
        guard let last = activation.node(node.name, from: sum, to: node.outputs[0]) else { return }
        try plan.lower(last)
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
        let method = method(image, rows, columns, of: input, in: plan)
        let winograd = WinogradLowering(lowering: self, method, rows: rows, columns: columns)
        let source = try plan.image(
            input,
            as: method.input,
            halo: method.pads ? .none : winograd?.halo ?? Halo(rows, columns)
        )
        let output = try plan.define(
            node.outputs[0],
            image.result(
                channels: outputs / activation.channelsPerOutput,
                height: rows.output,
                width: columns.output
            ),
            method.output
        )
        plan.count(
            image.count * outputs * rows.output * columns.output * kernel.shape[1] / merged
                * kernelSize[0] * kernelSize[1],
            for: node
        )
        if let winograd {
            try winograd.add(from: source, to: output, images: image.count, into: &plan)
        } else if method == .squares {
            try DepthwiseSquares(lowering: self, rows: rows, columns: columns)
                .add(from: source, to: output, images: image.count, into: &plan)
        } else {
            ConvolutionStep(lowering: self, method: method, rows: rows, columns: columns)
                .add(from: source, to: output, images: image.count, into: &plan)
        }
    }

    /// The same convolution with as many neighbouring groups as fill blocks of channels in one; nil where that is no gain.
    private var larger: ConvolutionLowering? {
        guard groups > 1, kernel.shape.rank == 4, outputs % groups == 0, activation != .maxout,
            kernel.tiling.count == 1
        else { return nil }
        let (inputs, perGroup) = (kernel.shape[1], outputs / groups)
        guard inputs > 1 || perGroup > 1,
            let merged = (1..<groups).first(where: { count in
                groups % count == 0 && count * inputs % 16 == 0 && count * perGroup % 16 == 0
            }), merged > 1
        else { return nil }
        let taps = kernel.shape[2] * kernel.shape[3]
        let (values, outputs) = (kernel.values, outputs)
        let shape: Shape = [outputs, inputs * merged, kernel.shape[2], kernel.shape[3]]
        let filled = StoredFloats(count: shape.count) { () throws(ModelError) in
            let numbers = try values.read()
            var result = [Float](repeating: 0, count: outputs * inputs * merged * taps)
            for output in 0..<outputs {
                let own = output / perGroup % merged
                let target = (output * merged + own) * inputs * taps
                let source = output * inputs * taps
                for index in 0..<inputs * taps { result[target + index] = numbers[source + index] }
            }
            return result
        }
        return ConvolutionLowering(
            node: node,
            windows: windows,
            groups: groups / merged,
            activation: activation,
            kernel: Kernel(
                shape: shape,
                values: filled,
                bias: kernel.bias,
                key: "\(kernel.key)/\(merged) in one",
                isSeries: kernel.isSeries
            ),
            addend: addend,
            merged: merged
        )
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

    private func method(
        _ image: ImageShape,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis,
        of input: ValueID,
        in plan: PlanBuilder
    ) -> Method {
        let channels = image.channels
        if groups == 1, plan[input].layout == .dense {
            if channels < 16 { return staysPlanar(columns, plan) ? .planes : .planar }
            // Where a tile's weights would stay in the first-level cache, they do so only beside blocks.
            if plan.kernels.blocksPerTile > 1, isPointwise(rows, columns) { return .planar }
        }
        if groups > 1, groups == channels, outputs == channels, activation != .maxout {
            let isDense = plan[input].layout == .dense && staysPlanar(columns, plan)
            return isDense && DepthwiseSquares.fits(self, rows, columns, on: plan.kernels)
                ? .squares : .depthwise
        }
        let perGroup = (channels / groups, outputs / groups)
        let fillsBlocks = perGroup.0 % 16 == 0 && perGroup.1 % 16 == 0 && activation != .maxout
        guard groups == 1 || fillsBlocks else { return .expanded }
        guard plan.numerics == .fast else { return .blocked }
        return WinogradLowering.method(for: self, rows, columns) ?? .blocked
    }

    /// Whether an output pixel depends on the same input pixel alone.
    private func isPointwise(_ rows: Windows.Axis, _ columns: Windows.Axis) -> Bool {
        kernel.shape[2] == 1 && kernel.shape[3] == 1 && rows.stride == 1 && columns.stride == 1
            && rows.output == rows.input && columns.output == columns.input
    }

    /// Whether nobody wants the output in blocks, and the kernel for planar ones can make it.
    private func staysPlanar(_ columns: Windows.Axis, _ plan: PlanBuilder) -> Bool {
        guard columns.stride == 1, columns.output >= 16, kernel.tiling.count == 1, addend == nil,
            activation.kernel == .none
        else { return false }
        return !plan.graph.nodes.contains { $0.inputs.contains(node.outputs[0]) }
    }
}
