import Compute
import Graph
import KernelInterface

/// The step that runs a convolution, cut into pieces for several workers.
///
/// A tiled convolution is one convolution for each of its kernels: each computes the outputs of one
/// residue of rows and columns, from a start of its own and with strides as many times longer.
struct ConvolutionStep {
    let lowering: ConvolutionLowering
    let method: ConvolutionLowering.Method
    let rows: Windows.Axis
    let columns: Windows.Axis

    /// A piece of one image: output blocks by rows of one kernel of the tiling.
    private struct Chunk {
        let image: Int
        let tile: Tile
        let inputBlock: Int
        let group: Int
        let blocks: Range<Int>
        var rows: Range<Int>
    }

    /// One kernel of the tiling and the outputs that are its own.
    private struct Tile {
        let index: Int
        let row: Int
        let column: Int
        let height: Int
        let width: Int
    }

    func add(
        from source: ValueID,
        to output: ValueID,
        images: Int,
        into plan: inout PlanBuilder
    ) {
        let (table, store, lowering, step) = (plan.kernels, plan.weights, lowering, self)
        let chunks = chunks(
            images: images,
            tileWidth: table.blocksPerTile,
            most: isReadAcross(plan) ? 16 : 4
        )
        let (addend, computed) = (lowering.addend, lowering.packed)
        plan.step(
            lowering.node.name,
            chunks: chunks.count,
            reads: [source] + [addend, computed].compactMap { $0 },
            writes: [output],
            planes: planes(chunks, images: images, tileWidth: table.blocksPerTile)
        ) { (placement) throws(ModelError) in
            let packed = try store.layer(lowering.packingKey(method)) { () throws(ModelError) in
                try lowering.pack(method, for: table)
            }
            let (from, to) = (placement[source], placement[output])
            let (added, made) = (addend.map { placement[$0] }, computed.map { placement[$0] })
            let geometry = step.geometry(from: from, to: to, addend: added)
            return { arena, index in
                var chunk = chunks[index]
                if let rows = arena.rows { chunk.rows = rows }
                step.run(
                    chunk,
                    geometry,
                    packed,
                    weights: made?.position(in: arena) ?? packed.weights.start,
                    from: from,
                    to: to,
                    plus: added,
                    in: arena,
                    on: table
                )
            }
        }
    }

    private func run(
        _ chunk: Chunk,
        _ whole: ConvolutionGeometry,
        _ packed: PackedLayer,
        weights: FloatPosition,
        from: Place,
        to: Place,
        plus added: Place?,
        in arena: PassArena,
        on table: KernelSet
    ) {
        let tiling = lowering.kernel.tiling
        let lanes = method.input == .dense ? 1 : 16
        let groupBlocks = method == .blocked ? lowering.outputBlocks / lowering.groups : 0
        var geometry = whole
        (geometry.outputHeight, geometry.outputWidth) = (chunk.rows.count, chunk.tile.width)
        // The first output row and column of the piece.
        let row = chunk.tile.row + chunk.rows.lowerBound * tiling.rows
        let column = chunk.tile.column
        let (top, left) = (
            row * rows.stride - rows.padBegin, column * columns.stride - columns.padBegin
        )
        (geometry.image.top, geometry.image.left) = (-top, -left)
        let input =
            from.position(in: arena) + chunk.image * from.image
            + (chunk.inputBlock * from.plane + top * from.row + left * lanes)
        let output =
            to.position(in: arena) + chunk.image * to.image
            + (chunk.group * groupBlocks * to.plane + row * to.row + column * 16)
        let addend = added.map { place in
            place.position(in: arena) + chunk.image * place.image
                + (chunk.group * groupBlocks * place.plane + row * place.row + column * 16)
        }
        let blocks = lowering.outputBlocks
        table.convolve(
            method.kernel,
            geometry,
            input: input,
            weights: weights + chunk.group * packed.groupStride
                + chunk.tile.index * (packed.weights.count / tiling.count),
            bias: packed.bias.start + (chunk.tile.index * blocks + chunk.group * groupBlocks) * 16,
            addend: addend,
            output: output,
            blocks: method.output == .dense ? channels(chunk.blocks) : chunk.blocks
        )
    }

    private func channels(_ blocks: Range<Int>) -> Range<Int> {
        blocks.lowerBound * 16..<min(blocks.upperBound * 16, lowering.outputs)
    }

    /// The whole image's windows; a chunk cuts rows off.
    private func geometry(from: Place, to: Place, addend: Place?) -> ConvolutionGeometry {
        let tiling = lowering.kernel.tiling
        var geometry = ConvolutionGeometry(
            rows,
            columns,
            inputBlocks: method.input == .dense
                ? lowering.kernel.shape[1] : blocks(of: lowering.kernel.shape[1]),
            lastLanes: method.input == .dense ? 1 : (lowering.kernel.shape[1] - 1) % 16 + 1,
            from: from,
            to: to,
            activation: lowering.activation
        )
        if method != .depthwise, lowering.activation != .maxout {
            geometry.halfBlock = halfBlock(of: lowering.outputs)
        }
        if rows.isFarPadded || columns.isFarPadded {
            (geometry.image.height, geometry.image.width) = (rows.input, columns.input)
        }
        geometry.addendPlane = addend?.plane ?? 0
        geometry.addendRow = (addend?.row ?? 0) * tiling.rows
        geometry.strideHeight *= tiling.rows
        geometry.strideWidth *= tiling.columns
        geometry.outputRow *= tiling.rows
        geometry.outputColumn *= tiling.columns
        return geometry
    }

    // MARK: Cutting

    private var tiles: [Tile] {
        let tiling = lowering.kernel.tiling
        var tiles: [Tile] = []
        for row in 0..<min(tiling.rows, rows.output) {
            for column in 0..<min(tiling.columns, columns.output) {
                tiles.append(
                    Tile(
                        index: row * tiling.columns + column,
                        row: row,
                        column: column,
                        height: (rows.output - row + tiling.rows - 1) / tiling.rows,
                        width: (columns.output - column + tiling.columns - 1) / tiling.columns
                    )
                )
            }
        }
        return tiles
    }

    /// Output blocks of one chunk.
    private func width(tileWidth: Int) -> Int {
        if method == .depthwise { return 1 }
        return lowering.activation == .maxout ? max(2, tileWidth) : tileWidth
    }

    /// How the chunks walk over the output's planes, if none is a part of one.
    private func planes(_ chunks: [Chunk], images: Int, tileWidth: Int) -> PlaneChunks? {
        let perOutput = lowering.activation.channelsPerOutput
        var walk = PlaneChunks(
            images: images,
            blocks: lowering.outputBlocks / perOutput,
            width: width(tileWidth: tileWidth) / perOutput,
            readsAcross: method != .depthwise
        )
        let isWhole = chunks.allSatisfy { $0.rows.count == rows.output }
        guard isWhole, chunks.count == images * walk.perImage else { return nil }
        if method == .blocked, lowering.groups == 1 {
            walk.rows = rows.output
            walk.bands = bands(chunks: walk.perImage)
        }
        return walk
    }

    /// Floats of an input's band that stay in a second-level cache while all weights go by.
    private static let cached = 1 << 17

    /// Bands of rows that are worth it: where each of many chunks would have to fetch a large image anew for one product
    /// with each of its numbers.
    private func bands(chunks: Int) -> Int {
        let kernel = lowering.kernel
        let image = rows.input * columns.input * blocks(of: kernel.shape[1]) * 16
        let weights = kernel.shape[1] * lowering.outputBlocks * 16
        guard kernel.shape[2] * kernel.shape[3] == 1, image > 2 * Self.cached else { return 1 }
        let bands = min(rows.output, (image + Self.cached - 1) / Self.cached)
        return bands * weights + image < chunks * image / 2 ? bands : 1
    }

    /// Whether all that reads the output needs every channel of a pixel, so that whole planes are of no use to it.
    private func isReadAcross(_ plan: PlanBuilder) -> Bool {
        let output = lowering.node.outputs[0]
        let readers = plan.graph.nodes.filter { $0.inputs.contains(output) }
        return !readers.isEmpty
            && readers.allSatisfy {
                $0.op == "Conv" && $0.attributes["group", default: .int(1)] == .int(1)
            }
    }

    /// Cuts by tile of output blocks, then by rows until there are `most` chunks or they are too small to be useful.
    private func chunks(images: Int, tileWidth: Int, most: Int) -> [Chunk] {
        let groups = method == .blocked ? lowering.groups : 1
        let blockCount = lowering.outputBlocks / groups
        let width = width(tileWidth: tileWidth)
        var chunks: [Chunk] = []
        for image in 0..<images {
            for tile in tiles {
                let band = band(
                    of: tile,
                    width: width,
                    others: images * groups * ((blockCount + width - 1) / width),
                    most: most
                )
                for group in 0..<groups {
                    for row in stride(from: 0, to: tile.height, by: band) {
                        for first in stride(from: 0, to: blockCount, by: width) {
                            chunks.append(
                                Chunk(
                                    image: image,
                                    tile: tile,
                                    inputBlock: group * blocks(of: lowering.kernel.shape[1]),
                                    group: group,
                                    blocks: first..<min(first + width, blockCount),
                                    rows: row..<min(row + band, tile.height)
                                )
                            )
                        }
                    }
                }
            }
        }
        return chunks
    }

    /// Rows of a chunk: about 200,000 multiply–adds or more, all chunks alike.
    ///
    /// `most` pieces or more are whole planes, which a pooling or depthwise layer can follow in the cache.
    private func band(of tile: Tile, width: Int, others: Int, most: Int) -> Int {
        let kernel = lowering.kernel
        let reduction = kernel.shape[1] * kernel.shape[2] * kernel.shape[3]
        let rowWork = tile.width * reduction * width * 16
        let usefulRows = max(1, (200_000 + rowWork - 1) / rowWork)
        if others >= most { return tile.height }
        let wanted = max(1, max(8, most) / (others * kernel.tiling.count))
        let rows = max(usefulRows, (tile.height + wanted - 1) / wanted)
        let count = max(1, (tile.height + rows - 1) / rows)
        return max(1, (tile.height + count - 1) / count)
    }
}

extension WindowAxis {
    /// Whether windows reach so far over the input's ends that it pays to pass over the zeros there.
    fileprivate var isFarPadded: Bool { (padBegin + reachedEnd) * 2 >= input }
}

extension ConvolutionLowering {
    fileprivate func packingKey(_ method: Method) -> String {
        "\(kernel.key)/\(method.rawValue)/\(activation == .maxout)"
    }
}
