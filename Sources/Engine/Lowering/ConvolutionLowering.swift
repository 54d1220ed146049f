import Compute
import Graph
import KernelInterface

/// Chooses the kernel for a convolution and cuts it into chunks.
struct ConvolutionLowering {
    let node: Node
    let windows: Windows
    let groups: Int
    let activation: FusedActivation
    var kernel: Kernel
    /// Added to the sums; a value of the output's shape.
    var addend: ValueID?
    /// How many groups of the node are one here, with zeros between them.
    var merged = 1
    /// Weights that a step has packed, instead of the kernel's.
    var packed: ValueID?

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
        /// Winograd's F(4x4, 3x3) or F(2x2, 3x3), blocked.
        case winograd4, winograd2
        var kernel: ConvolutionKernel {
            switch self {
            case .blocked, .winograd4, .winograd2: .blocked
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

    /// Adds what the node's further inputs are to the sums: a bias that is computed, and another value.
    func lowerWithOperands(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let other = try plan.optionalInput(node, 3)
        guard kernel.bias == nil, let bias = try plan.optionalInput(node, 2) else {
            return try lower(input, plus: other, into: &plan)
        }
        guard plan.shape(of: bias) == [outputs], activation != .maxout else {
            throw .shape(
                node: node.name,
                reason: "a bias \(plan.shape(of: bias)) does not fit \(outputs) kernels"
            )
        }
        let axes = plan.shape(of: input).rank - 2
        let addend = try plan.alias(
            "\(node.name).bias",
            of: plan.value(bias, as: .dense),
            shape: Shape([outputs] + Array(repeating: 1, count: axes))
        )
        try lowerApart(input, plus: [addend] + (other.map { [$0] } ?? []), into: &plan)
    }

    /// Adds another value to the sums: in registers if the kernel can, else by a step of its own.
    func lower(
        _ input: ValueID,
        plus other: ValueID?,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        guard let other else { return try lower(input, into: &plan) }
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        let (rows, columns) = try windows.axes(
            node,
            kernel: [kernel.shape[2], kernel.shape[3]],
            height: image.height,
            width: image.width
        )
        let shape = image.result(channels: outputs, height: rows.output, width: columns.output)
        guard plan.shape(of: other) == shape, !isDepthwise, activation != .maxout else {
            return try lowerApart(input, plus: [other], into: &plan)
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

    /// Convolution, additions and activation one after the other.
    func lowerApart(
        _ input: ValueID,
        plus others: [ValueID],
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        var apart = node
        apart.outputs = ["\(node.name).convolved"]
        try ConvolutionLowering(
            node: apart,
            windows: windows,
            groups: groups,
            activation: .none,
            kernel: kernel,
            merged: merged,
            packed: packed
        ).lower(input, into: &plan)
        var sum = apart.outputs[0]
        for (index, other) in others.enumerated() {
            let isLast = index == others.count - 1 && activation == .none
            let next = isLast ? node.outputs[0] : "\(node.name).sum\(index)"
            let addition = Node(
                name: node.name,
                op: "Add",
                inputs: [sum, plan[other].name],
                outputs: [next]
            )
            try plan.lower(addition)
            sum = next
        }
        guard let last = activation.node(node.name, from: sum, to: node.outputs[0]) else { return }
        try plan.lower(last)
    }

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        try check(image)
        let (rows, columns) = try windows.axes(
            node,
            kernel: [kernel.shape[2], kernel.shape[3]],
            height: image.height,
            width: image.width
        )
        if let connected = connected(image, columns, of: input, in: plan) {
            return try connected.lower(
                input,
                with: kernel.connected(outputs),
                over: image,
                rows: rows,
                columns: columns,
                into: &plan
            )
        }
        if packed == nil, let larger { return try larger.lower(input, into: &plan) }
        guard packed == nil, let used = UsedTaps(rows, columns), let part = kernel.part(used) else {
            return try lower(
                input,
                over: image,
                rows: rows,
                columns: columns,
                into: &plan
            )
        }
        var lowering = self
        lowering.kernel = part
        try lowering.lower(
            input,
            over: image,
            rows: rows.reading(used.rows),
            columns: columns.reading(used.columns),
            into: &plan
        )
    }

    private func lower(
        _ input: ValueID,
        over image: ImageShape,
        rows: Windows.Axis,
        columns: Windows.Axis,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
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
                * rows.kernel * columns.kernel,
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

    var outputs: Int { kernel.shape[0] }

    /// Whether each channel has a kernel of its own.
    var isDepthwise: Bool { groups > 1 && kernel.shape[1] == 1 && outputs == groups }

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
        guard packed == nil else { return isDepthwise ? .depthwise : .blocked }
        if groups == 1, plan[input].layout == .dense {
            if channels < 16 { return staysPlanar(columns, plan) ? .planes : .planar }
            // Where a tile's weights would stay in the first-level cache, they do so only beside blocks. Many tiles would
            // each read as many far places as there are channels.
            let tile = plan.kernels.blocksPerTile
            if tile > 1, outputBlocks < 4 * tile, isPointwise(rows, columns) { return .planar }
        }
        if isDepthwise, activation != .maxout {
            let isDense = plan[input].layout == .dense && staysPlanar(columns, plan)
            return isDense && DepthwiseSquares.fits(self, rows, columns, on: plan.kernels)
                ? .squares : .depthwise
        }
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
