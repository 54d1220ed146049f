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
        let halo = Halo(
            top: rows.padBegin,
            left: columns.padBegin,
            bottom: rows.reachedEnd,
            right: columns.reachedEnd
        )
        let source: ValueID
        if method == .planar {
            source = try plan.value(input, as: .dense, halo: halo)
        } else {
            source = try plan.value(input, as: .blocked)
            plan.demand(halo, around: source)
        }
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
        addStep(
            from: source,
            to: output,
            method: method,
            images: image.count,
            rows: rows,
            columns: columns,
            into: &plan
        )
    }

    var outputs: Int { kernel.shape[0] }

    /// Blocks before a maxout: both members of each pair of blocks count.
    private var outputBlocks: Int {
        activation.channelsPerOutput * blocks(of: outputs / activation.channelsPerOutput)
    }

    private func check(_ image: ImageShape) throws(ModelError) {
        let (shape, channels) = (kernel.shape, image.channels)
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard shape.rank == 4, shape.checkedCount == kernel.values.count else {
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
        if let bias = kernel.bias, bias.count != outputs {
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

    // MARK: The step

    /// A piece of one image: output blocks by rows.
    private struct Chunk {
        let image: Int
        let inputBlock: Int
        let group: Int
        let blocks: Range<Int>
        let rows: Range<Int>
    }

    private func addStep(
        from source: ValueID,
        to output: ValueID,
        method: Method,
        images: Int,
        rows: Windows.Axis,
        columns: Windows.Axis,
        into plan: inout PlanBuilder
    ) {
        let table = plan.kernels
        let store = plan.weights
        let chunks = chunks(
            images: images,
            rows: rows.output,
            columns: columns.output,
            method: method,
            tile: table.blocksPerTile
        )
        let lowering = self
        plan.step(node.name, chunks: chunks.count, reads: [source], writes: [output]) { placement in
            let packed = store.layer(
                "\(lowering.kernel.key)/\(method.rawValue)/\(lowering.activation.rawValue)"
            ) {
                lowering.pack(method, for: table)
            }
            let (from, to) = (placement[source], placement[output])
            let lanes = method == .planar ? 1 : 16
            let start = -rows.padBegin * from.row - columns.padBegin * lanes
            let groupBlocks = method == .blocked ? lowering.outputBlocks / lowering.groups : 0
            let geometry = lowering.geometry(method, rows, columns, from: from, to: to)
            return { arena, index in
                let chunk = chunks[index]
                var part = geometry
                part.outputHeight = chunk.rows.count
                let input =
                    from.position(in: arena) + chunk.image * from.image
                    + (start + chunk.inputBlock * from.plane
                        + chunk.rows.lowerBound * rows.stride * from.row)
                let output =
                    to.position(in: arena) + chunk.image * to.image
                    + (chunk.group * groupBlocks * to.plane + chunk.rows.lowerBound * to.row)
                let weights = packed.weights.start + chunk.group * packed.groupStride
                let bias = packed.bias.start + chunk.group * groupBlocks * 16
                table.convolve(
                    method.kernel,
                    part,
                    input: input,
                    weights: weights,
                    bias: bias,
                    output: output,
                    blocks: chunk.blocks
                )
            }
        }
    }

    /// The whole image's windows; a chunk cuts rows off.
    private func geometry(
        _ method: Method,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis,
        from: Place,
        to: Place
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            inputBlocks: method == .planar ? kernel.shape[1] : blocks(of: groupInputs(method)),
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
            activation: activation.kernel
        )
    }

    private func groupInputs(_ method: Method) -> Int {
        method == .expanded ? kernel.shape[1] * groups : kernel.shape[1]
    }

    /// Cuts by tile of output blocks, then by rows until there are a few chunks of useful size.
    private func chunks(
        images: Int,
        rows: Int,
        columns: Int,
        method: Method,
        tile: Int
    ) -> [Chunk] {
        let isGrouped = method == .blocked && groups > 1
        let groupCount = isGrouped ? groups : 1
        let blockCount = outputBlocks / groupCount
        let width = method == .depthwise ? 1 : activation == .maxout ? max(2, tile) : tile
        let tiles = (blockCount + width - 1) / width
        let reduction = groupInputs(method) * kernel.shape[2] * kernel.shape[3]
        let rowWork = columns * reduction * width * 16
        let usefulRows = max(1, (200_000 + rowWork - 1) / rowWork)
        let wanted = max(1, 8 / (images * tiles * groupCount))
        let band = max(usefulRows, (rows + wanted - 1) / wanted)
        var chunks: [Chunk] = []
        for image in 0..<images {
            for group in 0..<groupCount {
                for first in stride(from: 0, to: blockCount, by: width) {
                    for row in stride(from: 0, to: rows, by: band) {
                        chunks.append(
                            Chunk(
                                image: image,
                                inputBlock: group * blocks(of: kernel.shape[1]),
                                group: group,
                                blocks: first..<min(first + width, blockCount),
                                rows: row..<min(row + band, rows)
                            )
                        )
                    }
                }
            }
        }
        return chunks
    }
}
