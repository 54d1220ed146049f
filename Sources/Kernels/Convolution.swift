import KernelInterface

/// Blocked in, blocked out; see KernelTable.convolve.
func convolve(
    _ geometry: UnsafePointer<ConvolutionGeometry>,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let geometry = geometry.pointee
    let step = geometry.strideWidth &* 16
    let window = Window(geometry, column: geometry.dilationWidth &* 16, step: step)
    var sweep = Sweep(geometry, window, input, weights, bias, output, lanes: 16)
    if geometry.isPointwise { sweep.flatten() }
    // Short steps are literals that vanish into addresses; a longer one needs registers of its own.
    let limit = step <= 32 ? 14 : 8
    forEachPack(geometry, sweep, first, end, limit: limit) { (pack, pixels, blocks) in
        switch step {
        case 16: cover(Reading<16, 16>.self, pixels: pixels, blocks: blocks, pack)
        case 32: cover(Reading<32, 16>.self, pixels: pixels, blocks: blocks, pack)
        default: cover(Reading<0, 16>.self, pixels: pixels, blocks: blocks, pack)
        }
    }
}

/// Runs `body` for each group of output blocks in [first, end), then the costlier activations.
@inline(always)
func forEachPack(
    _ geometry: ConvolutionGeometry,
    _ sweep: Sweep,
    _ first: Int,
    _ end: Int,
    limit: Int,
    _ body: (_ pack: Sweep, _ pixels: Int, _ blocks: Int) -> Void
) {
    guard sweep.width > 0 && sweep.height > 0 else { return }
    let pairs = geometry.activation == .maxoutPair
    let blockWeights = sweep.packStride / TileChoice.packed
    var block = first
    while block < end {
        let blocks = TileChoice.blocks(width: sweep.width, remaining: end &- block, pairs: pairs)
        let pixels = TileChoice.pixels(width: sweep.width, blocks: blocks, limit: limit)
        let outputBlock = pairs ? block / 2 : block
        var pack = sweep
        pack.weights += block &* blockWeights
        pack.finish.bias += block &* 16
        pack.finish.output += outputBlock &* geometry.outputPlane
        body(pack, pixels, blocks)
        if geometry.activation == .tanh || geometry.activation == .sigmoid {
            pack.applyActivation(geometry.activation, blocks: blocks)
        }
        block &+= blocks
    }
}

extension Window {
    @inline(always)
    init(_ geometry: ConvolutionGeometry, column: Int, step: Int) {
        self.init(
            planes: geometry.inputBlocks,
            plane: geometry.inputPlane,
            rows: geometry.kernelHeight,
            row: geometry.dilationHeight &* geometry.inputRow,
            columns: geometry.kernelWidth,
            column: column,
            step: step
        )
    }
}

extension Sweep {
    @inline(always)
    init(
        _ geometry: ConvolutionGeometry,
        _ window: Window,
        _ input: Floats,
        _ weights: Floats,
        _ bias: Floats,
        _ output: MutableFloats,
        lanes: Int
    ) {
        let sums = window.planes &* window.rows &* window.columns &* lanes
        let finish = Finish(
            bias: bias,
            floor: geometry.activation == .relu ? 0 : -Float.infinity,
            pairs: geometry.activation == .maxoutPair,
            output: output,
            plane: geometry.outputPlane
        )
        self.init(
            window: window,
            input: input,
            weights: weights,
            packStride: sums &* TileChoice.packed &* 16,
            finish: finish,
            height: geometry.outputHeight,
            width: geometry.outputWidth,
            inputRow: geometry.strideHeight &* geometry.inputRow,
            outputRow: geometry.outputRow
        )
    }

    /// Treats the image as one long row.
    @inline(always)
    mutating func flatten() {
        width &*= height
        height = 1
    }

    /// Activates what the pack has just written.
    @inline(never)
    func applyActivation(_ activation: Activation, blocks: Int) {
        for block in 0..<blocks {
            for row in 0..<height {
                let start = finish.output + (block &* finish.plane &+ row &* outputRow)
                activate(activation, start, start, width &* 16)
            }
        }
    }
}

extension ConvolutionGeometry {
    /// Whether output pixel i depends on input pixel i alone, rows following each other without a gap.
    @inline(always)
    fileprivate var isPointwise: Bool {
        kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1
            && inputRow == outputWidth &* 16 && outputRow == outputWidth &* 16
    }
}
