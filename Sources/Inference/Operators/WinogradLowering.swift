import Compute
import KernelInterface

/// A 3x3 convolution of stride 1 by Winograd's minimal filtering, strip of tiles by strip.
struct WinogradLowering {
    let lowering: ConvolutionLowering
    let rows: Windows.Axis
    let columns: Windows.Axis
    /// Outputs along a tile's side.
    let size: Int

    /// Nil for a method that is none of Winograd's.
    init?(
        lowering: ConvolutionLowering,
        _ method: ConvolutionLowering.Method,
        rows: Windows.Axis,
        columns: Windows.Axis
    ) {
        switch method {
        case .winograd4: size = 4
        case .winograd2: size = 2
        default: return nil
        }
        self.lowering = lowering
        self.rows = rows
        self.columns = columns
    }

    /// The faster of direct, F(2x2) and F(4x4) for a layer and an image size; nil for direct.
    ///
    /// Batches do not count, so that an image gets the same bits alone and among others.
    static func method(
        for lowering: ConvolutionLowering,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis
    ) -> ConvolutionLowering.Method? {
        let kernel = lowering.kernel
        guard kernel.shape[2] == 3, kernel.shape[3] == 3, kernel.tiling.count == 1,
            rows.stride == 1, columns.stride == 1, rows.dilation == 1, columns.dilation == 1,
            kernel.shape[1] >= 32, lowering.outputs / lowering.groups >= 32
        else { return nil }
        let direct = cost(size: 1, lowering, rows, columns)
        let candidates: [(method: ConvolutionLowering.Method, cost: Double)] = [
            (.winograd4, cost(size: 4, lowering, rows, columns)),
            (.winograd2, cost(size: 2, lowering, rows, columns)),
        ]
        guard let best = candidates.min(by: { $0.cost < $1.cost }), best.cost < direct else {
            return nil
        }
        return best.method
    }

    /// Estimated time in multiply-adds of one core: products, transforms, and weights beyond the caches.
    private static func cost(
        size: Int,
        _ lowering: ConvolutionLowering,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis
    ) -> Double {
        let (inputs, outputs) = (lowering.kernel.shape[1], lowering.outputs)
        guard size > 1 else {
            return Double(rows.output * columns.output * inputs * outputs * 9)
                + weightTraffic(inputs * outputs * 9)
        }
        let tiles = ((rows.output + size - 1) / size) * ((columns.output + size - 1) / size)
        let values = (size + 2) * (size + 2)
        // About eight operations and two accesses for each transformed value, on either side.
        let transforms = tiles * values * (inputs * lowering.groups + outputs) * 12
        return Double(tiles * values * inputs * outputs + transforms)
            + weightTraffic(values * inputs * outputs)
    }

    /// Weights beyond a few megabytes come from memory once a pass, at about 13 multiply-adds a number.
    private static func weightTraffic(_ count: Int) -> Double {
        count > 1 << 21 ? Double(count - 1 << 21) * 13 : 0
    }

    /// The halo that the last tiles read, which may reach beyond the padding.
    var halo: Halo {
        func end(_ axis: Windows.Axis) -> Int {
            let read = (axis.output + size - 1) / size * size + 2
            return max(0, read - axis.padBegin - axis.input)
        }
        return Halo(
            top: rows.padBegin,
            left: columns.padBegin,
            bottom: end(rows),
            right: end(columns)
        )
    }

    private var tilesPerRow: Int { (columns.output + size - 1) / size }
    private var tilesPerImage: Int { (rows.output + size - 1) / size * tilesPerRow }
    private var values: Int { (size + 2) * (size + 2) }

    /// Tiles of a strip: its transformed inputs fit a second-level cache, or, where the weights come from
    /// farther away and every strip reads them all, a part of the third.
    func stripLength(images: Int) -> Int {
        let tiles = images * tilesPerImage
        let inputBlocks = blocks(of: lowering.kernel.shape[1] * lowering.groups)
        let weights = values * lowering.kernel.shape[1] * lowering.outputs * 4
        let room = max(640 << 10, min(weights, 4 << 20) / 2)
        let fitting = max(12, room / (values * inputBlocks * 64))
        let strips = (tiles + fitting - 1) / fitting
        // A multiple of every kernel's tile but for the last strip.
        return min(tiles, ((tiles + strips - 1) / strips + 5) / 6 * 6)
    }

    func add(
        from source: ValueID,
        to output: ValueID,
        images: Int,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let inputBlocks = blocks(of: lowering.kernel.shape[1] * lowering.groups)
        let tiles = images * tilesPerImage
        let length = stripLength(images: images)
        let width = max(plan.kernels.blocksPerTile, lowering.activation.channelsPerOutput)
        let transformed = try plan.scratch(values * (inputBlocks * length | 1) * 16)
        let sums = try plan.workerScratch(128 + values * (width * length | 1) * 16)
        for first in stride(from: 0, to: tiles, by: length) {
            let strip = first..<min(first + length, tiles)
            inputStep(strip, source, transformed, inputBlocks, into: &plan)
            outputStep(strip, transformed, sums, output, width, source, into: &plan)
        }
    }

    private func inputStep(
        _ strip: Range<Int>,
        _ source: ValueID,
        _ transformed: ValueID,
        _ inputBlocks: Int,
        into plan: inout PlanBuilder
    ) {
        let (table, step) = (plan.kernels, self)
        let name = lowering.node.name
        plan.step(name, chunks: inputBlocks, reads: [source], writes: [transformed]) { placement in
            let (from, to) = (placement[source], placement[transformed])
            let geometry = step.geometry(from: from, to: from, addend: nil)
            let corner = -step.rows.padBegin * from.row - step.columns.padBegin * 16
            return { arena, block in
                table.winogradInput(
                    geometry,
                    input: from.position(in: arena) + corner,
                    transformed: to.position(in: arena),
                    blocks: block..<block + 1,
                    tiles: strip
                )
            }
        }
    }

    private func outputStep(
        _ strip: Range<Int>,
        _ transformed: ValueID,
        _ sums: ValueID,
        _ output: ValueID,
        _ width: Int,
        _ source: ValueID,
        into plan: inout PlanBuilder
    ) {
        let (table, store, step, lowering) = (plan.kernels, plan.weights, self, lowering)
        let addend = lowering.addend
        let outputBlocks = lowering.outputBlocks
        let perGroup = outputBlocks / lowering.groups
        let groupInputs = blocks(of: lowering.kernel.shape[1])
        let perGroupChunks = (perGroup + width - 1) / width
        plan.step(
            lowering.node.name,
            chunks: perGroupChunks * lowering.groups,
            reads: [transformed] + [addend].compactMap { $0 },
            writes: [output, sums]
        ) { (placement) throws(ModelError) in
            // A maxout's pairs lie in another order, even where a tile is two blocks wide anyway.
            let isPaired = lowering.activation == .maxout
            let key = "\(lowering.kernel.key)/winograd\(step.size)/\(width)/\(isPaired)"
            let packed = try store.layer(key) { () throws(ModelError) in
                try lowering.packWinograd(size: step.size, width: width, for: table)
            }
            let (from, to, scratch) = (placement[transformed], placement[output], placement[sums])
            let added = addend.map { placement[$0] }
            let geometry = step.geometry(from: placement[source], to: to, addend: added)
            let groupFloats = step.values * groupInputs * 256 * perGroup
            return { arena, chunk in
                let (group, first) = (chunk / perGroupChunks, chunk % perGroupChunks * width)
                let start = group * perGroup
                table.winogradOutput(
                    geometry,
                    transformed: from.position(in: arena) + group * groupInputs * strip.count * 16,
                    weights: packed.weights.start + group * groupFloats,
                    bias: packed.bias.start + start * 16,
                    addend: added.map { $0.position(in: arena) + start * $0.plane },
                    sums: scratch.position(in: arena),
                    output: to.position(in: arena) + start * to.plane,
                    blocks: first..<min(first + width, perGroup),
                    tiles: strip
                )
            }
        }
    }

    private func geometry(from: Place, to: Place, addend: Place?) -> WinogradGeometry {
        WinogradGeometry(
            size: size,
            inputBlocks: blocks(of: lowering.kernel.shape[1] * lowering.groups),
            groupBlocks: blocks(of: lowering.kernel.shape[1]),
            tilesPerRow: tilesPerRow,
            tilesPerImage: tilesPerImage,
            inputPlane: from.plane,
            inputRow: from.row,
            inputImage: from.image,
            outputHeight: rows.output,
            outputWidth: columns.output,
            outputPlane: to.plane,
            outputRow: to.row,
            outputImage: to.image,
            activation: lowering.activation.kernel,
            floor: lowering.activation.floor,
            ceiling: lowering.activation.ceiling,
            addendPlane: addend?.plane ?? 0,
            addendRow: addend?.row ?? 0,
            addendImage: addend?.image ?? 0
        )
    }
}

extension ConvolutionLowering {
    /// G g Gt of every kernel, each chunk of `width` output blocks by itself.
    func packWinograd(
        size: Int,
        width: Int,
        for table: KernelSet
    ) throws(ModelError) -> PackedLayer {
        let order: OutputOrder = activation == .maxout ? .maxoutPairs(outputs) : .plain(outputs)
        let weights = Packing.winograd(
            try kernel.values.read(),
            order,
            inputs: kernel.shape[1],
            size: size,
            width: width,
            group: outputBlocks / groups,
            for: table
        )
        let bias = Packing.vector(kernel.bias ?? Array(repeating: 0, count: outputs), order)
        return PackedLayer(weights: weights, bias: bias)
    }
}
