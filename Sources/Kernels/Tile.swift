import KernelInterface

/// The register tile under every dense kernel: G · R pixels times W blocks of 16 output channels.
///
/// Each of the G · R · W accumulators sums its window in order. `step` is the literal distance between
/// pixels, 0 if only the geometry knows it; `lanes` the input channels of a plane that lie side by side:
/// 16 in the blocked layout, 1 in the planar one. Weights are packed Q blocks together; W > Q walks
/// several packs at once. P = 2 is for a block of which at most 8 channels count: pixels are G · R · 2.
///
/// G, R and W are 8 at most: longer loops over accumulators are not unrolled in time, and longer arrays
/// are made by a library function that is not inlined; either way the accumulators would stay in memory.
struct Tile<
    let G: Int,
    let R: Int,
    let W: Int,
    let Q: Int,
    let step: Int,
    let lanes: Int,
    let P: Int
> {
    fileprivate typealias Sums = InlineArray<G, InlineArray<R, InlineArray<W, Vector>>>

    @_transparent
    fileprivate static func run(
        _ window: Window,
        _ input: Floats,
        _ packedWeights: Floats,
        _ finish: Finish
    ) {
        if P == 2 { return runHalves(window, input, packedWeights, finish) }
        var sums = Sums(repeating: .init(repeating: .init(repeating: Vector())))
        if finish.part.continues { loadAll(&sums, finish) }
        var weights = packedWeights + window.before
        let pixelStep = step == 0 ? window.step : step
        for plane in 0..<window.planes {
            let count = lanes == 1 || plane < window.planes &- 1 ? lanes : window.lastLanes
            for row in 0..<window.rows {
                for column in 0..<window.columns {
                    let offset =
                        plane &* window.plane &+ row &* window.row &+ column &* window.column
                    var pixels = input + (window.first &+ offset)
                    #if arch(arm64)
                    var left = count
                    // Four channels of a pixel by one load, and products by its elements; for more pixels there are too few
                    // registers.
                    if lanes == 16 && G == 1 && R <= 5 {
                        while left >= 4 {
                            var fours = InlineArray<R, Register>(repeating: Register())
                            for r in 0..<R { fours[r] = loadRegister(pixels + r &* pixelStep) }
                            add(fours, 0, weights, window.pack, to: &sums)
                            add(fours, 1, weights + Q &* 16, window.pack, to: &sums)
                            add(fours, 2, weights + Q &* 32, window.pack, to: &sums)
                            add(fours, 3, weights + Q &* 48, window.pack, to: &sums)
                            weights += Q &* 64
                            pixels += 4
                            left &-= 4
                        }
                    }
                    #else
                    let left = count
                    #endif
                    for _ in 0..<left {
                        var loaded = InlineArray<W, Vector>(repeating: Vector())
                        for w in 0..<W {
                            let position = weights + (w / Q &* window.pack &+ w % Q &* 16)
                            loaded[w] = load(position)
                            #if KERNEL_AVX512
                            // Weights that pass by faster than the processor fetches them by itself: it stops at every page.
                            if lanes == 16 && G &* R > 1 { striate_fetch(position + 2048) }
                            #endif
                        }
                        for g in 0..<G {
                            for r in 0..<R {
                                let value = splat(pixels[(g &* R &+ r) &* pixelStep])
                                for w in 0..<W {
                                    sums[g][r][w] = multiplyAdd(sums[g][r][w], value, loaded[w])
                                }
                            }
                        }
                        weights += Q &* 16
                        pixels += 1
                    }
                    weights += (lanes &- count) &* Q &* 16
                }
                weights += window.between
            }
            weights += window.after
        }
        if finish.part.remains {
            storePart(sums, finish)
        } else if W % 2 == 0 && finish.pairs {
            storePairs(sums, finish)
        } else if let addend = finish.addend {
            storeSums(sums, finish, plus: addend)
        } else {
            storeAll(sums, finish)
        }
    }

    #if arch(arm64)
    /// One of four channels of R pixels.
    @_transparent
    private static func add(
        _ fours: borrowing InlineArray<R, Register>,
        _ lane: Int,
        _ weights: Floats,
        _ pack: Int,
        to sums: inout Sums
    ) {
        for w in 0..<W {
            let loaded = load(weights + (w / Q &* pack &+ w % Q &* 16))
            for r in 0..<R {
                sums[0][r][w] = multiplyAdd(sums[0][r][w], splat(fours[r][lane]), loaded)
            }
        }
    }
    #endif

    /// The first 8 channels of 2 · R pixels, in half vectors.
    @_transparent
    private static func runHalves(
        _ window: Window,
        _ input: Floats,
        _ packedWeights: Floats,
        _ finish: Finish
    ) {
        typealias Halves = InlineArray<2, InlineArray<R, SIMD8<Float>>>
        var sums = Halves(repeating: .init(repeating: SIMD8()))
        var weights = packedWeights
        let pixelStep = step == 0 ? window.step : step
        for plane in 0..<window.planes {
            let count = lanes == 1 || plane < window.planes &- 1 ? lanes : window.lastLanes
            for row in 0..<window.rows {
                for column in 0..<window.columns {
                    let offset =
                        plane &* window.plane &+ row &* window.row &+ column &* window.column
                    var pixels = input + offset
                    for _ in 0..<count {
                        let loaded = loadHalf(weights)
                        for g in 0..<2 {
                            for r in 0..<R {
                                let value = pixels[(g &* R &+ r) &* pixelStep]
                                sums[g][r] = multiplyAdd(half: sums[g][r], loaded, value)
                            }
                        }
                        weights += 16
                        pixels += 1
                    }
                    weights += (lanes &- count) &* 16
                }
            }
        }
        let (floor, ceiling) = (splat(finish.floor), splat(finish.ceiling))
        let bias = loadHalf(finish.bias)
        let outputStep = step == 0 ? finish.column : 16
        for g in 0..<2 {
            for r in 0..<R {
                let sum = joined(sums[g][r] + bias, SIMD8())
                store(
                    joined(lower(raise(sum, to: floor), to: ceiling).lowHalf, SIMD8()),
                    finish.output + (g &* R &+ r) &* outputStep
                )
            }
        }
    }

    /// Literal wherever the input's step is.
    @_transparent
    private static func outputStep(_ finish: Finish) -> Int {
        step == 0 ? finish.column : 16
    }

    /// What the planes before have summed, and storePart has stored.
    @_transparent
    private static func loadAll(_ sums: inout Sums, _ finish: Finish) {
        for g in 0..<G {
            for r in 0..<R {
                let pixel = (g &* R &+ r) &* outputStep(finish)
                for w in 0..<W {
                    sums[g][r][w] = load(Floats(finish.output) + (w &* finish.plane &+ pixel))
                }
            }
        }
    }

    @_transparent
    private static func storePart(_ sums: borrowing Sums, _ finish: Finish) {
        for g in 0..<G {
            for r in 0..<R {
                let pixel = (g &* R &+ r) &* outputStep(finish)
                for w in 0..<W {
                    store(sums[g][r][w], finish.output + (w &* finish.plane &+ pixel))
                }
            }
        }
    }

    @_transparent
    private static func storeAll(_ sums: borrowing Sums, _ finish: Finish) {
        let (floor, ceiling) = (splat(finish.floor), splat(finish.ceiling))
        for g in 0..<G {
            for r in 0..<R {
                let pixel = g &* R &+ r
                for w in 0..<W {
                    let sum = sums[g][r][w] + load(finish.bias + w &* 16)
                    store(
                        lower(raise(sum, to: floor), to: ceiling),
                        finish.output + (w &* finish.plane &+ pixel &* outputStep(finish))
                    )
                }
            }
        }
    }

    @_transparent
    private static func storeSums(
        _ sums: borrowing Sums,
        _ finish: Finish,
        plus addend: Floats
    ) {
        let (floor, ceiling) = (splat(finish.floor), splat(finish.ceiling))
        for g in 0..<G {
            for r in 0..<R {
                let pixel = (g &* R &+ r) &* outputStep(finish)
                for w in 0..<W {
                    let sum = sums[g][r][w] + load(finish.bias + w &* 16)
                    let total = sum + load(addend + (w &* finish.addendPlane &+ pixel))
                    store(
                        lower(raise(total, to: floor), to: ceiling),
                        finish.output + (w &* finish.plane &+ pixel)
                    )
                }
            }
        }
    }

    @_transparent
    private static func storePairs(_ sums: borrowing Sums, _ finish: Finish) {
        for g in 0..<G {
            for r in 0..<R {
                let pixel = g &* R &+ r
                for pair in 0..<(W / 2) {
                    let even = sums[g][r][pair &* 2] + load(finish.bias + pair &* 32)
                    let odd = sums[g][r][pair &* 2 &+ 1] + load(finish.bias + (pair &* 32 &+ 16))
                    store(
                        maximum(even, odd),
                        finish.output + (pair &* finish.plane &+ pixel &* outputStep(finish))
                    )
                }
            }
        }
    }
}

// Types that cross files stay out of these modules: in debug builds a type visible to others brings
// functions that copy it, and their names are shared by all modules (isa-lint).

/// The reduction of one output element, in floats: every plane (block of input channels, or planar
/// channel), kernel row and kernel column, dilation included.
private struct Window {
    let planes: Int
    let lastLanes: Int
    let plane: Int
    private(set) var rows: Int
    let row: Int
    private(set) var columns: Int
    let column: Int

    /// From one output pixel's window to its right neighbour's.
    let step: Int

    /// From one pack of output blocks' weights to the next.
    let pack: Int

    /// Weights of a tap.
    private let tap: Int

    /// The first tap, and the weights to pass over before it, from row to row of taps, and from plane to plane.
    private(set) var first = 0
    private(set) var before = 0
    private(set) var between = 0
    private(set) var after = 0

    @_transparent
    init(_ geometry: ConvolutionGeometry, lanes: Int, packed: Int) {
        planes = geometry.inputBlocks
        lastLanes = geometry.lastLanes
        plane = geometry.inputPlane
        rows = geometry.kernelHeight
        row = geometry.dilationHeight &* geometry.inputRow
        columns = geometry.kernelWidth
        column = geometry.dilationWidth &* lanes
        step = geometry.strideWidth &* lanes
        tap = lanes &* packed &* 16
        pack = planes &* rows &* columns &* tap
    }

    /// Leaves out the taps that `pixels` neighbours from a place on have all outside of the image.
    mutating func hold(_ geometry: ConvolutionGeometry, _ y: Int, _ x: Int, pixels: Int) {
        let image = geometry.image
        let (top, left) = (y &* geometry.strideHeight, x &* geometry.strideWidth)
        let taps = (
            rows: Taps(
                top,
                top,
                start: image.top,
                end: image.top &+ image.height,
                count: geometry.kernelHeight,
                dilation: geometry.dilationHeight
            ),
            columns: Taps(
                left,
                left &+ (pixels &- 1) &* geometry.strideWidth,
                start: image.left,
                end: image.left &+ image.width,
                count: geometry.kernelWidth,
                dilation: geometry.dilationWidth
            )
        )
        let (height, width) = (geometry.kernelHeight, geometry.kernelWidth)
        (rows, columns) = (taps.rows.count, taps.columns.count)
        first = taps.rows.first &* row &+ taps.columns.first &* column
        before = (taps.rows.first &* width &+ taps.columns.first) &* tap
        between = (width &- columns) &* tap
        after = (height &- rows) &* width &* tap
    }
}

/// Neighbouring taps of a kernel along one axis: those that windows beginning at `low` to `high` may have between `start`
/// and `end`.
private struct Taps {
    let first: Int
    let count: Int

    init(_ low: Int, _ high: Int, start: Int, end: Int, count: Int, dilation: Int) {
        if low >= start && high &+ (count &- 1) &* dilation < end {
            (first, self.count) = (0, count)
            return
        }
        let first = high >= start ? 0 : min(count, (start &- high &+ dilation &- 1) / dilation)
        let last = low >= end ? 0 : min(count, (end &- low &+ dilation &- 1) / dilation)
        self.first = first
        self.count = max(0, last &- first)
    }
}

/// Which of a sum's planes a tile adds: whether some came before, kept in the output, and whether some remain.
struct Part {
    static var whole: Part { Part(continues: false, remains: false) }
    let continues: Bool
    let remains: Bool

    @_transparent
    var isSome: Bool { continues || remains }
}

/// What becomes of a tile's sums: bias and addend, then bounds (infinite ones leave them) or the
/// maximum of neighbouring blocks.
private struct Finish {
    let bias: Floats
    let floor: Float
    let ceiling: Float
    let pairs: Bool
    let output: MutableFloats

    /// From one output block to the next.
    let plane: Int

    /// From one output pixel to the next.
    let column: Int

    let addend: Floats?
    let addendPlane: Int
    let part: Part

    @_transparent
    init(
        _ geometry: ConvolutionGeometry,
        _ bias: Floats,
        _ addend: Floats?,
        _ output: MutableFloats,
        _ part: Part
    ) {
        self.bias = bias
        floor = geometry.floor
        ceiling = geometry.ceiling
        pairs = geometry.activation == .maxoutPair
        self.output = output
        plane = geometry.outputPlane
        column = geometry.outputColumn
        self.addend = addend
        addendPlane = geometry.addendPlane
        self.part = part
    }
}

/// Covers an image by tiles of G · R · P <= width pixels.
///
/// Weights, bias and output are those of the first of the tile's blocks. The last tile of a row is moved
/// left until it fits and computes some pixels again: they get the same bits, and no kernel for
/// remainders is needed.
@inline(never)
func cover<
    let G: Int,
    let R: Int,
    let W: Int,
    let Q: Int,
    let step: Int,
    let lanes: Int,
    let P: Int
>(
    _ tile: Tile<G, R, W, Q, step, lanes, P>.Type,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ part: Part
) {
    if lanes == 16 && P == 1 && W <= 2 && (part.isSome || geometry.image.height > 0) {
        return coverParts(tile, geometry, input, weights, bias, addend, output, part)
    }
    let window = Window(geometry, lanes: lanes, packed: Q)
    let pixelStep = step == 0 ? window.step : step
    for row in 0..<geometry.outputHeight {
        let source = input + row &* geometry.strideHeight &* geometry.inputRow
        let target = output + row &* geometry.outputRow
        var column = 0
        while column < geometry.outputWidth {
            let start = min(column, geometry.outputWidth &- G &* R &* P)
            let pixel = start &* (step == 0 ? geometry.outputColumn : 16)
            let added = addend.map { $0 + (row &* geometry.addendRow &+ pixel) }
            let finish = Finish(geometry, bias, added, target + pixel, .whole)
            tile.run(window, source + start &* pixelStep, weights, finish)
            column &+= G &* R &* P
        }
    }
}

/// The same where not all planes are added, or some taps lie outside of the image.
@inline(never)
private func coverParts<
    let G: Int,
    let R: Int,
    let W: Int,
    let Q: Int,
    let step: Int,
    let lanes: Int,
    let P: Int
>(
    _ tile: Tile<G, R, W, Q, step, lanes, P>.Type,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ part: Part
) {
    var window = Window(geometry, lanes: lanes, packed: Q)
    let pixelStep = step == 0 ? window.step : step
    for row in 0..<geometry.outputHeight {
        let source = input + row &* geometry.strideHeight &* geometry.inputRow
        let target = output + row &* geometry.outputRow
        var column = 0
        while column < geometry.outputWidth {
            let start = min(column, geometry.outputWidth &- G &* R)
            let pixel = start &* (step == 0 ? geometry.outputColumn : 16)
            let added = addend.map { $0 + (row &* geometry.addendRow &+ pixel) }
            let finish = Finish(geometry, bias, added, target + pixel, part)
            if geometry.image.height > 0 { window.hold(geometry, row, start, pixels: G &* R) }
            tile.run(window, source + start &* pixelStep, weights, finish)
            column &+= G &* R
        }
    }
}
