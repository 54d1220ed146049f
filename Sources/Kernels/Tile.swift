/// The reduction of one output element, in floats: every plane (block of input channels, or planar
/// channel), kernel row and kernel column, dilation included.
struct Window {
    var planes: Int
    var plane: Int
    var rows: Int
    var row: Int
    var columns: Int
    var column: Int

    /// From one output pixel's window to its right neighbour's.
    var step: Int
}

/// What becomes of a tile's sums: bias, then a bound from below (−∞ leaves them, 0 is Relu) or the
/// maximum of neighbouring blocks.
struct Finish {
    var bias: Floats
    var floor: Float
    var pairs: Bool
    var output: MutableFloats

    /// From one output block to the next.
    var plane: Int
}

/// The register tile under every dense kernel: G · R pixels times W blocks of 16 output channels.
///
/// Each of the G · R · W accumulators sums its window in order. `step` is the literal distance between
/// pixels, 0 if only the window knows it; `lanes` the input channels of a plane that lie side by side:
/// 16 in the blocked layout, 1 in the planar one. Weights are packed Q blocks together; W > Q walks
/// several packs at once, `packStride` apart.
///
/// G, R and W are 8 at most: longer loops over accumulators are not unrolled in time, and longer arrays
/// are made by a library function that is not inlined; either way the accumulators would stay in memory.
struct Tile<
    let G: Int,
    let R: Int,
    let W: Int,
    let Q: Int,
    let step: Int,
    let lanes: Int
> {
    typealias Sums = InlineArray<G, InlineArray<R, InlineArray<W, Vector>>>

    @inline(always)
    static func run(
        _ window: Window,
        _ input: Floats,
        _ packedWeights: Floats,
        packStride: Int,
        _ finish: Finish
    ) {
        var sums = Sums(repeating: .init(repeating: .init(repeating: Vector())))
        var weights = packedWeights
        let pixelStep = step == 0 ? window.step : step
        for plane in 0..<window.planes {
            for row in 0..<window.rows {
                for column in 0..<window.columns {
                    var pixels =
                        input
                        + (plane &* window.plane &+ row &* window.row &+ column &* window.column)
                    for _ in 0..<lanes {
                        var loaded = InlineArray<W, Vector>(repeating: Vector())
                        for w in 0..<W {
                            loaded[w] = load(weights + (w / Q &* packStride &+ w % Q &* 16))
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
                }
            }
        }
        if W % 2 == 0 && finish.pairs {
            storePairs(sums, finish)
        } else {
            storeAll(sums, finish)
        }
    }

    @inline(always)
    private static func storeAll(_ sums: borrowing Sums, _ finish: Finish) {
        let floor = splat(finish.floor)
        for g in 0..<G {
            for r in 0..<R {
                let pixel = g &* R &+ r
                for w in 0..<W {
                    let sum = sums[g][r][w] + load(finish.bias + w &* 16)
                    store(raise(sum, to: floor), finish.output + (w &* finish.plane &+ pixel &* 16))
                }
            }
        }
    }

    @inline(always)
    private static func storePairs(_ sums: borrowing Sums, _ finish: Finish) {
        for g in 0..<G {
            for r in 0..<R {
                let pixel = g &* R &+ r
                for pair in 0..<(W / 2) {
                    let even = sums[g][r][pair &* 2] + load(finish.bias + pair &* 32)
                    let odd = sums[g][r][pair &* 2 &+ 1] + load(finish.bias + (pair &* 32 &+ 16))
                    store(
                        maximum(even, odd),
                        finish.output + (pair &* finish.plane &+ pixel &* 16)
                    )
                }
            }
        }
    }
}

/// One pack of output blocks over a whole image.
struct Sweep {
    var window: Window
    var input: Floats
    var weights: Floats
    var packStride: Int
    var finish: Finish
    var height: Int
    var width: Int

    /// From one output row's first window to the next's.
    var inputRow: Int
    var outputRow: Int
}

/// Covers the image by tiles of G · R <= width pixels.
///
/// The last tile of a row is moved left until it fits and computes some pixels again: they get the same
/// bits, and no kernel for remainders is needed.
@inline(never)
func cover<
    let G: Int,
    let R: Int,
    let W: Int,
    let Q: Int,
    let step: Int,
    let lanes: Int
>(
    _ tile: Tile<G, R, W, Q, step, lanes>.Type,
    _ sweep: Sweep
) {
    let pixels = G &* R
    let pixelStep = step == 0 ? sweep.window.step : step
    for row in 0..<sweep.height {
        let input = sweep.input + row &* sweep.inputRow
        var finish = sweep.finish
        let output = finish.output + row &* sweep.outputRow
        var column = 0
        while column < sweep.width {
            let start = min(column, sweep.width &- pixels)
            finish.output = output + start &* 16
            tile.run(
                sweep.window,
                input + start &* pixelStep,
                sweep.weights,
                packStride: sweep.packStride,
                finish
            )
            column &+= pixels
        }
    }
}
