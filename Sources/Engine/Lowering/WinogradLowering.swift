import Compute
import Graph
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

    /// Strips of tiles whose transformed inputs fit a second-level cache, or, where the weights come from
    /// farther away and every strip reads them all, a part of the third.
    func strips(images: Int) -> [Range<Int>] {
        let tiles = images * tilesPerImage
        let weights = values * lowering.kernel.shape[1] * lowering.outputs * 4
        let room = max(640 << 10, min(weights, 4 << 20) / 2)
        let fitting = max(12, room / (values * inputBlocks * 64))
        guard tiles > fitting else { return [0..<tiles] }
        // An even number of equal strips keeps two workers busy to the end.
        let pairs = (tiles + 2 * fitting - 1) / (2 * fitting)
        let length = (tiles + 2 * pairs - 1) / (2 * pairs)
        return stride(from: 0, to: tiles, by: length).map { $0..<min($0 + length, tiles) }
    }

    private var inputBlocks: Int { blocks(of: lowering.kernel.shape[1] * lowering.groups) }

    /// What the steps of one layer read and write.
    private struct Values {
        let source: ValueID
        let transformed: ValueID
        let sums: ValueID
        let output: ValueID
        let addend: ValueID?
        /// Output blocks of a chunk.
        let width: Int
    }

    /// Several strips are a chunk each, whose transformed inputs stay with the worker; the blocks of a single one
    /// are shared out.
    func add(
        from source: ValueID,
        to output: ValueID,
        images: Int,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let strips = strips(images: images)
        let length = strips[0].count
        let width = max(plan.kernels.blocksPerTile, lowering.activation.channelsPerOutput)
        let size = values * (inputBlocks * length | 1) * 16
        let layer = Values(
            source: source,
            transformed: try strips.count > 1 ? plan.workerScratch(size) : plan.scratch(size),
            sums: try plan.workerScratch(128 + values * (width * length | 1) * 16),
            output: output,
            addend: lowering.addend,
            width: width
        )
        let (step, table) = (self, plan.kernels)
        let packed = plan.deferredLayer(packedLayer(layer, table, plan.weights))
        let added = [layer.addend].compactMap { $0 }
        let (inputBlocks, chunks) = (inputBlocks, chunksPerGroup(layer) * lowering.groups)
        guard strips.count == 1 else {
            plan.step(
                lowering.node.name,
                chunks: strips.count,
                reads: [source] + added,
                writes: [layer.transformed, layer.sums, output]
            ) { placement in
                let transform = step.transform(layer, placement, table)
                let multiply = step.multiply(layer, packed, at: placement, table)
                return { arena, index in
                    transform(arena, 0..<inputBlocks, strips[index])
                    for chunk in 0..<chunks { multiply(arena, chunk, strips[index]) }
                }
            }
            return
        }
        let strip = strips[0]
        plan.step(
            lowering.node.name,
            chunks: inputBlocks,
            reads: [source],
            writes: [layer.transformed]
        ) { placement in
            let transform = step.transform(layer, placement, table)
            return { arena, block in transform(arena, block..<block + 1, strip) }
        }
        plan.step(
            lowering.node.name,
            chunks: chunks,
            reads: [layer.transformed] + added,
            writes: [output, layer.sums]
        ) { placement in
            let multiply = step.multiply(layer, packed, at: placement, table)
            return { arena, chunk in multiply(arena, chunk, strip) }
        }
    }

    private func chunksPerGroup(_ layer: Values) -> Int {
        (lowering.outputBlocks / lowering.groups + layer.width - 1) / layer.width
    }

    /// Transforms some input blocks of a strip.
    private func transform(
        _ layer: Values,
        _ placement: Placement,
        _ table: KernelSet
    ) -> @Sendable (PassArena, Range<Int>, Range<Int>) -> Void {
        let (from, to) = (placement[layer.source], placement[layer.transformed])
        let geometry = geometry(from: from, to: to, addend: nil)
        let corner = -rows.padBegin * from.row - columns.padBegin * 16
        return { arena, blocks, strip in
            table.winogradInput(
                geometry,
                input: from.position(in: arena) + corner,
                transformed: to.position(in: arena),
                blocks: blocks,
                tiles: strip
            )
        }
    }

    /// The transformed weights, two to four times those they come from.
    private func packedLayer(
        _ layer: Values,
        _ table: KernelSet,
        _ store: WeightStore
    ) -> DeferredLayer {
        // A maxout's pairs lie in another order, even where a tile is two blocks wide anyway.
        let isPaired = lowering.activation == .maxout
        let key = "\(lowering.kernel.key)/winograd\(size)/\(layer.width)/\(isPaired)"
        let (lowering, size) = (lowering, size)
        let floats = lowering.outputBlocks * values * blocks(of: lowering.kernel.shape[1]) * 256
        return store.deferredLayer(key, byteCount: floats * MemoryLayout<Float>.stride) {
            () throws(ModelError) in
            try lowering.packWinograd(size: size, width: layer.width, for: table)
        }
    }

    /// Multiplies a strip with the weights of a chunk of output blocks, and transforms the sums back.
    private func multiply(
        _ layer: Values,
        _ deferred: DeferredLayer,
        at placement: Placement,
        _ table: KernelSet
    ) -> @Sendable (PassArena, Int, Range<Int>) -> Void {
        let (from, to) = (placement[layer.transformed], placement[layer.output])
        let (scratch, added) = (placement[layer.sums], layer.addend.map { placement[$0] })
        let geometry = geometry(from: placement[layer.source], to: to, addend: added)
        let perGroup = lowering.outputBlocks / lowering.groups
        let perGroupChunks = chunksPerGroup(layer)
        let groupInputs = blocks(of: lowering.kernel.shape[1])
        let groupFloats = values * groupInputs * 256 * perGroup
        return { arena, chunk, strip in
            let packed = deferred.layer
            let (group, first) = (chunk / perGroupChunks, chunk % perGroupChunks * layer.width)
            let start = group * perGroup
            table.winogradOutput(
                geometry,
                transformed: from.position(in: arena) + group * groupInputs * strip.count * 16,
                weights: packed.weights.start + group * groupFloats,
                bias: packed.bias.start + start * 16,
                addend: added.map { $0.position(in: arena) + start * $0.plane },
                sums: scratch.position(in: arena),
                output: to.position(in: arena) + start * to.plane,
                blocks: first..<min(first + layer.width, perGroup),
                tiles: strip
            )
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
