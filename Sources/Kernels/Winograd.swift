import KernelInterface

// Winograd convolution in three stages over a strip of tiles: transformed inputs stay in the second-level
// cache, the products of one tile of output blocks in the first or second, and every weight is read once a
// strip. The bound is the multipliers, at 4 (m = 2: 2.25) times fewer products than a direct convolution.

/// See KernelTable.winogradInput.
func winogradInput(
    _ geometry: UnsafePointer<WinogradGeometry>,
    _ input: Floats,
    _ transformed: MutableFloats,
    _ firstBlock: Int,
    _ endBlock: Int,
    _ firstTile: Int,
    _ endTile: Int
) {
    let strip = WinogradStrip(geometry: geometry.pointee, first: firstTile, end: endTile)
    if geometry.pointee.size == 4 {
        strip.transformInput(WinogradPatch<6>.self, input, transformed, firstBlock, endBlock)
    } else {
        strip.transformInput(WinogradPatch<4>.self, input, transformed, firstBlock, endBlock)
    }
}

/// See KernelTable.winogradOutput.
func winogradOutput(
    _ geometry: UnsafePointer<WinogradGeometry>,
    _ transformed: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ sums: MutableFloats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int,
    _ firstTile: Int,
    _ endTile: Int
) {
    let strip = WinogradStrip(geometry: geometry.pointee, first: firstTile, end: endTile)
    let products = strip.multiply(transformed, weights, sums, first, end)
    let finish = WinogradFinish(bias: bias, addend: addend, output: output)
    if geometry.pointee.size == 4 {
        strip.transformOutput(WinogradPatch<6>.self, products, finish, first, end)
    } else {
        strip.transformOutput(WinogradPatch<4>.self, products, finish, first, end)
    }
}

private struct WinogradFinish {
    let bias: Floats
    let addend: Floats?
    let output: MutableFloats
}

private struct WinogradStrip {
    let geometry: WinogradGeometry
    let first: Int
    let end: Int

    var tiles: Int { end &- first }

    /// Floats between planes of values of `blocks` blocks; see WinogradGeometry.
    @_transparent
    private func plane(_ blocks: Int) -> Int { (blocks &* tiles | 1) &* 16 }

    /// Calls `body` with each tile's place in the strip, image, row and column, in tiles.
    @_transparent
    private func forEachTile(
        _ body: (_ index: Int, _ image: Int, _ row: Int, _ column: Int) -> Void
    ) {
        var image = first / geometry.tilesPerImage
        let rest = first % geometry.tilesPerImage
        var (row, column) = (rest / geometry.tilesPerRow, rest % geometry.tilesPerRow)
        let rows = geometry.tilesPerImage / geometry.tilesPerRow
        for index in 0..<tiles {
            body(index, image, row, column)
            column &+= 1
            if column == geometry.tilesPerRow { (row, column) = (row &+ 1, 0) }
            if row == rows { (image, row) = (image &+ 1, 0) }
        }
    }

    @inline(never)
    func transformInput<let A: Int>(
        _: WinogradPatch<A>.Type,
        _ input: Floats,
        _ transformed: MutableFloats,
        _ firstBlock: Int,
        _ endBlock: Int
    ) {
        withPatch { (patch: WinogradPatch<A>) in
            transformInput(patch, input, transformed, firstBlock, endBlock)
        }
    }

    @_transparent
    private func transformInput<let A: Int>(
        _ patch: WinogradPatch<A>,
        _ input: Floats,
        _ transformed: MutableFloats,
        _ firstBlock: Int,
        _ endBlock: Int
    ) {
        let plane = plane(geometry.inputBlocks)
        for block in firstBlock..<endBlock {
            let source = input + block &* geometry.inputPlane
            let target = transformed + block &* tiles &* 16
            forEachTile { index, image, row, column in
                let corner =
                    image &* geometry.inputImage
                    &+ row &* (A - 2) &* geometry.inputRow &+ column &* (A - 2) &* 16
                var lane = 0
                while lane < 16 {
                    patch.transformInput(
                        source + (corner &+ lane),
                        row: geometry.inputRow,
                        into: target + (index &* 16 &+ lane),
                        plane: plane
                    )
                    lane &+= Register.scalarCount
                }
            }
        }
    }

    /// The products of blocks [first, end): [(m + 2)^2][end - first][tiles][16], behind 128 zeros in `sums`.
    @inline(never)
    func multiply(
        _ transformed: Floats,
        _ weights: Floats,
        _ sums: MutableFloats,
        _ firstBlock: Int,
        _ endBlock: Int
    ) -> Floats {
        for lane in 0..<128 { sums[lane] = 0 }
        let products = sums + 128
        let values = (geometry.size &+ 2) &* (geometry.size &+ 2)
        let blocks = endBlock &- firstBlock
        let blockWeights = geometry.groupBlocks &* 256
        let row = tiles &* 16
        let product = ConvolutionGeometry(
            inputBlocks: geometry.groupBlocks,
            lastLanes: 16,
            inputPlane: row,
            inputRow: row,
            kernelHeight: 1,
            kernelWidth: 1,
            strideHeight: 1,
            strideWidth: 1,
            dilationHeight: 1,
            dilationWidth: 1,
            outputHeight: 1,
            outputWidth: tiles,
            outputPlane: row,
            outputRow: row,
            outputColumn: 16,
            activation: .none,
            floor: -.infinity,
            ceiling: .infinity,
            addendPlane: 0,
            addendRow: 0,
            halfBlock: -1,
            image: ImageBounds()
        )
        let start = weights + firstBlock &* values &* blockWeights
        for value in 0..<values {
            coverBlocks(
                Reading<16, 16>.self,
                product,
                transformed + value &* plane(geometry.inputBlocks),
                start + value &* blocks &* blockWeights,
                sums,
                nil,
                products + value &* plane(blocks),
                0,
                blocks
            )
        }
        return Floats(products)
    }

    @inline(never)
    func transformOutput<let A: Int>(
        _: WinogradPatch<A>.Type,
        _ products: Floats,
        _ finish: WinogradFinish,
        _ first: Int,
        _ end: Int
    ) {
        withPatch { (patch: WinogradPatch<A>) in
            if geometry.activation == .maxoutPair {
                withPatch { (partner: WinogradPatch<A>) in
                    transformPairs(patch, partner, products, finish, first, end)
                }
            } else {
                transformOutput(patch, products, finish, first, end)
            }
        }
    }

    @_transparent
    private func transformOutput<let A: Int>(
        _ patch: WinogradPatch<A>,
        _ products: Floats,
        _ finish: WinogradFinish,
        _ first: Int,
        _ end: Int
    ) {
        let plane = plane(end &- first)
        for block in first..<end {
            forEachTile { index, image, row, column in
                let corner = TileCorner(
                    geometry,
                    block: block,
                    image: image,
                    row: row &* (A - 2),
                    column: column &* (A - 2)
                )
                let source = products + ((block &- first) &* tiles &+ index) &* 16
                var lane = 0
                while lane < 16 {
                    let bias = loadRegister(finish.bias + (block &* 16 &+ lane))
                    patch.transformColumns(source + lane, plane: plane)
                    for i in 0..<(A - 2) where i < corner.height {
                        var values = patch.outputRow(i)
                        for j in 0..<(A - 2) { values[j] += bias }
                        write(values, row: i, at: corner, lane, finish)
                    }
                    lane &+= Register.scalarCount
                }
                activateTile(corner, finish.output, size: A - 2)
            }
        }
    }

    /// Blocks 2q and 2q + 1 hold the two members of each pair.
    @_transparent
    private func transformPairs<let A: Int>(
        _ patch: WinogradPatch<A>,
        _ partner: WinogradPatch<A>,
        _ products: Floats,
        _ finish: WinogradFinish,
        _ first: Int,
        _ end: Int
    ) {
        let plane = plane(end &- first)
        var block = first
        while block < end {
            forEachTile { index, image, row, column in
                let corner = TileCorner(
                    geometry,
                    block: block / 2,
                    image: image,
                    row: row &* (A - 2),
                    column: column &* (A - 2)
                )
                let source = products + ((block &- first) &* tiles &+ index) &* 16
                var lane = 0
                while lane < 16 {
                    let bias = finish.bias + (block &* 16 &+ lane)
                    patch.transformColumns(source + lane, plane: plane)
                    partner.transformColumns(source + (tiles &* 16 &+ lane), plane: plane)
                    for i in 0..<(A - 2) where i < corner.height {
                        var values = patch.outputRow(i)
                        let others = partner.outputRow(i)
                        for j in 0..<(A - 2) {
                            values[j] = larger(
                                values[j] + loadRegister(bias),
                                or: others[j] + loadRegister(bias + 16)
                            )
                        }
                        write(values, row: i, at: corner, lane, finish)
                    }
                    lane &+= Register.scalarCount
                }
            }
            block &+= 2
        }
    }

    /// Stores what lies inside the image of one row of a tile.
    @_transparent
    private func write<let A: Int>(
        _ values: InlineArray<A, Register>,
        row: Int,
        at corner: TileCorner,
        _ lane: Int,
        _ finish: WinogradFinish
    ) {
        let floor = Register(repeating: geometry.floor)
        let ceiling = Register(repeating: geometry.ceiling)
        let target = finish.output + (corner.output &+ row &* geometry.outputRow &+ lane)
        let addend = finish.addend.map { $0 + (corner.addend &+ row &* geometry.addendRow &+ lane) }
        for j in 0..<(A - 2) where j < corner.width {
            var sum = values[j]
            if let addend { sum += loadRegister(addend + j &* 16) }
            storeRegister(bounded(sum, floor, ceiling), target + j &* 16)
        }
    }

    /// The activations that are too long for the transform's end.
    @_transparent
    private func activateTile(_ corner: TileCorner, _ output: MutableFloats, size: Int) {
        guard geometry.activation == .tanh || geometry.activation == .sigmoid else { return }
        for i in 0..<size where i < corner.height {
            let start = output + (corner.output &+ i &* geometry.outputRow)
            activate(geometry.activation, start, start, min(size, corner.width) &* 16)
        }
    }
}

/// Where a tile's outputs lie, and how many rows and columns of them the image has.
private struct TileCorner {
    let output: Int
    let addend: Int
    let height: Int
    let width: Int

    @_transparent
    init(_ geometry: WinogradGeometry, block: Int, image: Int, row: Int, column: Int) {
        output =
            image &* geometry.outputImage &+ block &* geometry.outputPlane
            &+ row &* geometry.outputRow &+ column &* 16
        addend =
            image &* geometry.addendImage &+ block &* geometry.addendPlane
            &+ row &* geometry.addendRow &+ column &* 16
        height = geometry.outputHeight &- row
        width = geometry.outputWidth &- column
    }
}
