import KernelInterface

/// alpha · left · right + beta · addend for some rows and columns; see KernelTable.multiplyMatrices.
///
/// Columns are taken a panel at a time: packed side by side, unless they lie so and are read but once.
func multiplyMatrices(
    _ geometry: UnsafePointer<ProductGeometry>,
    _ left: Floats,
    _ right: Floats,
    _ addend: Floats?,
    _ panel: MutableFloats,
    _ result: MutableFloats,
    _ firstRow: Int,
    _ endRow: Int,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let rows = endRow &- firstRow
    let readsInPlace = geometry.rightColumn == 1 && rows <= ProductChoice.rows
    let left = left + firstRow &* geometry.leftRow
    let result = result + firstRow &* geometry.resultRow
    let addend = addend.map { $0 + firstRow &* geometry.addendRow }
    var column = first
    // Columns whose memory was asked for already: a row's pieces lie side by side, one row's far from the next one's.
    var fetched = first
    while column < end {
        var width = min(end &- column, ProductChoice.panel &* 16)
        var panelStart = UnsafePointer(panel)
        var step = (width &+ 15) / 16 &* 16
        if geometry.isPacked != 0 {
            panelStart = right + column &* geometry.inner
        } else if readsInPlace && width % 16 == 0 {
            if rows <= 2 && end &- column >= 64 { width = 64 }
            panelStart = right + column
            step = geometry.rightInner
        } else {
            var ahead = 0
            if column >= fetched, geometry.rightColumn == 1 {
                ahead = min(end &- column &- width, 3 &* width)
                fetched = column &+ width &+ ahead
            }
            pack(geometry, right + column &* geometry.rightColumn, width, ahead, panel, step)
        }
        let product = PanelProduct(
            geometry: geometry,
            right: panelStart,
            step: step,
            columns: width,
            addend: addend.map { $0 + column &* geometry.addendColumn }
        )
        product.run(left, result + column, rows)
        column &+= width
    }
}

/// The right matrix in panels; see KernelTable.packMatrix.
func packMatrix(
    _ geometry: UnsafePointer<ProductGeometry>,
    _ right: Floats,
    _ panels: MutableFloats
) {
    let geometry = geometry.pointee
    var column = 0
    while column < geometry.columns {
        let width = min(geometry.columns &- column, ProductChoice.panel &* 16)
        let source = right + column &* geometry.rightColumn
        let panel = panels + column &* geometry.inner
        pack(geometry, source, width, 0, panel, (width &+ 15) / 16 &* 16)
        column &+= width
    }
}

/// [inner][width] of the right matrix, columns past `width` zero up to `step`; `ahead` more columns will be read soon.
@inline(never)
private func pack(
    _ geometry: ProductGeometry,
    _ source: Floats,
    _ width: Int,
    _ ahead: Int,
    _ target: MutableFloats,
    _ step: Int
) {
    let (inner, row, column) = (geometry.inner, geometry.rightInner, geometry.rightColumn)
    if column == 1 {
        let whole = width / 16
        for k in 0..<inner {
            let (from, to) = (source + k &* row, target + k &* step)
            for next in stride(from: width, to: width &+ ahead, by: 16) {
                striate_fetch(from + next)
            }
            for block in 0..<whole { store(load(from + block &* 16), to + block &* 16) }
            if whole &* 16 < width {
                let rest = load(from + whole &* 16, count: width &- whole &* 16)
                store(rest, to + whole &* 16)
            }
        }
        return
    }
    if width < step {
        for k in 0..<inner { store(Vector(), target + (k &* step &+ step &- 16)) }
    }
    // Eight columns and eight rows at a time; the last eight rows are moved up until they fit.
    let turned = row == 1 && inner >= 8 ? width / 8 &* 8 : 0
    var first = 0
    while first < turned {
        var next = 0
        while next < inner {
            let k = min(next, inner &- 8)
            let place = target + (k &* step &+ first)
            striate_transpose8(source + (first &* column &+ k), column, place, step)
            next &+= 8
        }
        first &+= 8
    }
    for k in 0..<inner {
        for index in turned..<width {
            target[k &* step &+ index] = source[k &* row &+ index &* column]
        }
    }
}

/// The tiles this processor's registers allow.
enum ProductChoice {
    /// Blocks of 16 columns in a panel.
    static var panel: Int {
        #if KERNEL_AVX512
        2
        #else
        1
        #endif
    }

    /// Rows of the largest tile.
    static var rows: Int {
        #if KERNEL_AVX512
        12
        #elseif arch(arm64)
        5
        #elseif KERNEL_FMA
        6
        #else
        3
        #endif
    }

    /// How many of `remaining` rows come next: as even parts as there are tiles for.
    @_transparent
    static func next(_ remaining: Int) -> Int {
        if remaining >= 2 &* rows { return rows }
        let part = remaining > rows ? (remaining &+ 1) / 2 : remaining
        // There is no tile of eleven rows.
        return part == 11 ? (remaining > 11 ? 12 : 6) : part
    }
}

/// A panel's product with any number of rows.
private struct PanelProduct {
    let geometry: ProductGeometry
    let right: Floats
    /// Between rows of the panel.
    let step: Int
    let columns: Int
    let addend: Floats?

    @_transparent
    func run(_ left: Floats, _ result: MutableFloats, _ rows: Int) {
        var row = 0
        while row < rows {
            let count = ProductChoice.next(rows &- row)
            let source = left + row &* geometry.leftRow
            let target = result + row &* geometry.resultRow
            let added = addend.map { $0 + row &* geometry.addendRow }
            if columns > ProductChoice.panel &* 16 {
                if count == 1 {
                    cover(ProductTile<1, 1, 4>.self, self, source, target, added)
                } else {
                    cover(ProductTile<1, 2, 4>.self, self, source, target, added)
                }
            } else if ProductChoice.panel == 1 || columns <= 16 {
                coverRows(Blocks<1>.self, count, self, source, target, added)
            } else {
                coverRows(Blocks<2>.self, count, self, source, target, added)
            }
            row &+= count
        }
    }
}

private struct Blocks<let W: Int> {}

@_transparent
private func coverRows<let W: Int>(
    _: Blocks<W>.Type,
    _ rows: Int,
    _ panel: PanelProduct,
    _ left: Floats,
    _ result: MutableFloats,
    _ addend: Floats?
) {
    @_transparent
    func run<let G: Int, let R: Int>(_ tile: ProductTile<G, R, W>.Type) {
        cover(tile, panel, left, result, addend)
    }
    switch rows {
    case 1: run(ProductTile<1, 1, W>.self)
    case 2: run(ProductTile<1, 2, W>.self)
    case 3: run(ProductTile<1, 3, W>.self)
    #if KERNEL_FMA || arch(arm64)
    case 4: run(ProductTile<2, 2, W>.self)
    case 5: run(ProductTile<1, 5, W>.self)
    #if KERNEL_AVX512
    case 7: run(ProductTile<1, 7, W>.self)
    case 8: run(ProductTile<4, 2, W>.self)
    case 9: run(ProductTile<3, 3, W>.self)
    case 10: run(ProductTile<2, 5, W>.self)
    case 12: run(ProductTile<4, 3, W>.self)
    #endif
    default: run(ProductTile<2, 3, W>.self)
    #else
    default: break
    #endif
    }
}

/// G · R rows times W blocks of 16 columns, every sum in a register; rows of a group are addressed from its first.
private struct ProductTile<let G: Int, let R: Int, let W: Int> {
    typealias Sums = InlineArray<G, InlineArray<R, InlineArray<W, Vector>>>

    @_transparent
    static func sums(_ panel: PanelProduct, _ source: Floats) -> Sums {
        var sums = Sums(repeating: .init(repeating: .init(repeating: Vector())))
        var starts = InlineArray<G, Floats>(repeating: source)
        let (row, inner) = (panel.geometry.leftRow, panel.geometry.leftInner)
        for g in 0..<G { starts[g] = striate_separate(source + g &* R &* row) }
        var right = panel.right
        var left = panel.geometry.inner
        #if arch(arm64)
        // Four numbers of a row by one load, and products by its elements.
        if inner == 1 {
            while left >= 4 {
                var fours = InlineArray<G, InlineArray<R, Register>>(
                    repeating: .init(repeating: Register())
                )
                for g in 0..<G {
                    for r in 0..<R { fours[g][r] = loadRegister(starts[g] + r &* row) }
                    starts[g] += 4
                }
                add(fours, 0, right, to: &sums)
                add(fours, 1, right + panel.step, to: &sums)
                add(fours, 2, right + 2 &* panel.step, to: &sums)
                add(fours, 3, right + 3 &* panel.step, to: &sums)
                right += 4 &* panel.step
                left &-= 4
            }
        }
        #else
        // Four numbers of a row from one address.
        if inner == 1 {
            while left >= 4 {
                add(starts, 0, row, right, to: &sums)
                add(starts, 1, row, right + panel.step, to: &sums)
                add(starts, 2, row, right + 2 &* panel.step, to: &sums)
                add(starts, 3, row, right + 3 &* panel.step, to: &sums)
                for g in 0..<G { starts[g] += 4 }
                right += 4 &* panel.step
                left &-= 4
            }
        }
        #endif
        while left > 0 {
            left &-= 1
            add(starts, 0, row, right, to: &sums)
            for g in 0..<G { starts[g] += inner }
            right += panel.step
        }
        return sums
    }

    /// Number `k` of each row times its row of the panel.
    @_transparent
    private static func add(
        _ starts: borrowing InlineArray<G, Floats>,
        _ k: Int,
        _ row: Int,
        _ right: Floats,
        to sums: inout Sums
    ) {
        var loaded = InlineArray<W, Vector>(repeating: Vector())
        for w in 0..<W { loaded[w] = load(right + w &* 16) }
        for g in 0..<G {
            for r in 0..<R {
                let value = splat(starts[g][r &* row &+ k])
                for w in 0..<W {
                    sums[g][r][w] = multiplyAdd(sums[g][r][w], value, loaded[w])
                }
            }
        }
    }
}

#if arch(arm64)
extension ProductTile {
    /// One of four numbers of each row times its row of the panel.
    @_transparent
    fileprivate static func add(
        _ fours: borrowing InlineArray<G, InlineArray<R, Register>>,
        _ lane: Int,
        _ right: Floats,
        to sums: inout Sums
    ) {
        for w in 0..<W {
            let loaded = load(right + w &* 16)
            for g in 0..<G {
                for r in 0..<R {
                    sums[g][r][w] = multiplyAdd(sums[g][r][w], splat(fours[g][r][lane]), loaded)
                }
            }
        }
    }
}
#endif

/// Computes and stores a tile; of its last block perhaps a part.
@inline(never)
private func cover<let G: Int, let R: Int, let W: Int>(
    _ tile: ProductTile<G, R, W>.Type,
    _ panel: PanelProduct,
    _ left: Floats,
    _ result: MutableFloats,
    _ addend: Floats?
) {
    let sums = tile.sums(panel, left)
    let alpha = splat(panel.geometry.alpha)
    let resultRow = panel.geometry.resultRow
    if addend == nil && panel.columns == W &* 16 {
        for g in 0..<G {
            for r in 0..<R {
                let target = result + (g &* R &+ r) &* resultRow
                for w in 0..<W { store(alpha * sums[g][r][w], target + w &* 16) }
            }
        }
        return
    }
    // By way of memory: sums that a loop over rows counts through would never be in registers.
    var scaled = InlineArray<G, InlineArray<R, InlineArray<W, Vector>>>(
        repeating: .init(repeating: .init(repeating: Vector()))
    )
    for g in 0..<G {
        for r in 0..<R {
            for w in 0..<W { scaled[g][r][w] = alpha * sums[g][r][w] }
        }
    }
    finish(tile, scaled, panel, result, addend)
}

/// Adds, and stores of the last block perhaps a part.
@inline(never)
private func finish<let G: Int, let R: Int, let W: Int>(
    _ tile: ProductTile<G, R, W>.Type,
    _ sums: borrowing InlineArray<G, InlineArray<R, InlineArray<W, Vector>>>,
    _ panel: PanelProduct,
    _ result: MutableFloats,
    _ addend: Floats?
) {
    for g in 0..<G {
        for r in 0..<R {
            let row = g &* R &+ r
            let target = result + row &* panel.geometry.resultRow
            for w in 0..<W {
                let count = min(16, panel.columns &- w &* 16)
                var value = sums[g][r][w]
                if let addend {
                    let place = addend + row &* panel.geometry.addendRow
                    value = added(value, panel.geometry, place, w &* 16, count)
                }
                if count == 16 {
                    store(value, target + w &* 16)
                } else {
                    store(value, target + w &* 16, count: count)
                }
            }
        }
    }
}

/// value + beta · addend.
@_transparent
private func added(
    _ value: Vector,
    _ geometry: ProductGeometry,
    _ addend: Floats,
    _ column: Int,
    _ count: Int
) -> Vector {
    let beta = splat(geometry.beta)
    guard geometry.addendColumn == 1 else { return value + beta * splat(addend[0]) }
    let place = addend + column
    return value + beta * (count == 16 ? load(place) : load(place, count: count))
}
