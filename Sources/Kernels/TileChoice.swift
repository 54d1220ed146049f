import KernelInterface

/// The tiles this processor's registers allow: pixels (how many image columns at once) and blocks.
///
/// AVX-512 has 32 registers of one Vector, NEON 32 of a quarter, AVX2 16 of a half, SSE2 16 of a
/// quarter. Eight independent sums hide the latency of a multiply-add.
enum TileChoice {
    /// Output blocks whose weights are packed together.
    static var packed: Int {
        #if KERNEL_AVX512
        2
        #else
        1
        #endif
    }

    /// Sums that may be under way at once.
    private static var registers: Int {
        #if KERNEL_AVX512
        28
        #elseif KERNEL_FMA || arch(arm64)
        6
        #else
        3
        #endif
    }

    /// Vectors of sums that keep the multipliers busy.
    private static var busy: Int {
        #if KERNEL_AVX512
        8
        #elseif KERNEL_FMA || arch(arm64)
        4
        #else
        2
        #endif
    }

    /// How many of `remaining` output blocks to compute at once for rows of `width` pixels.
    ///
    /// Narrow rows have too few sums of their own: several packs are walked side by side.
    @_transparent
    static func blocks(width: Int, remaining: Int, pairs: Bool) -> Int {
        #if KERNEL_AVX512
        if remaining == 1 { return 1 }
        if width == 1 && remaining >= 8 { return 8 }
        if width <= 3 && remaining >= 4 { return 4 }
        return 2
        #elseif KERNEL_FMA || arch(arm64)
        if pairs { return 2 }
        if width == 1, let blocks = narrowBlocks(remaining: remaining) { return blocks }
        return width <= 2 && remaining >= 2 ? 2 : 1
        #else
        // Weights straight from memory beat pixels in registers: two-operand instructions copy either.
        return pairs || remaining == 2 || remaining == 4 ? 2 : remaining >= 3 ? 3 : 1
        #endif
    }

    /// How many of `remaining` blocks one pixel computes at once: fewer than six where six would leave too few to
    /// keep the multipliers busy; nil if there are too few to begin with.
    @_transparent
    static func narrowBlocks(remaining: Int) -> Int? {
        switch remaining {
        case ..<4: nil
        case 4, 8: 4
        case 5, 7, 9, 10, 13: 5
        default: 6
        }
    }

    /// The tile for the first of `width` columns and how many columns it covers.
    ///
    /// With one block at a time a remainder gets a tile of its own size, so that few pixels are computed twice, or none
    /// if `isExact`.
    @_transparent
    static func run(width: Int, blocks: Int, isExact: Bool) -> (pixels: Int, width: Int) {
        #if KERNEL_AVX512
        let largest = min(14, registers / blocks)
        #elseif arch(arm64)
        // Of five pixels four channels are loaded at once.
        let largest = blocks == 1 ? 5 : registers / blocks
        #else
        let largest = registers / blocks
        #endif
        if mixes && blocks == 1 {
            if width <= largest { return (width, width) }
            let rest = width % largest
            if rest == 0 || rest &* 2 >= largest { return (largest, width &- rest) }
            if width > 2 &* largest { return (largest, width &- rest &- largest) }
            let half = (largest &+ rest &+ 1) / 2
            return (half, isExact ? half : width)
        }
        return (pixels(width: width, blocks: blocks, largest: min(width, largest)), width)
    }

    /// Input planes that the tiles of a block take in at once.
    ///
    /// All weights of a large kernel would go by for every tile
    /// again, from a farther cache: tiles take a part of them, which stays, and sums wait in the output.
    @_transparent
    static func planes(_ geometry: ConvolutionGeometry, lanes: Int, blocks: Int) -> Int {
        let all = geometry.inputBlocks
        guard mixes && packed == 1 && blocks == 1 else { return all }
        let plane = geometry.kernelHeight &* geometry.kernelWidth &* lanes &* 16
        let tiles = geometry.outputHeight &* ((geometry.outputWidth &+ 5) / 6)
        guard all &* plane > near &* 3 / 2 && tiles > 2 else { return all }
        let parts = (all &* plane &+ near &- 1) / near
        return max(1, (all &+ parts &- 1) / parts)
    }

    /// Weights that stay in a first-level cache beside what tiles read and write.
    private static var near: Int { 5120 }

    /// The same for a block of which at most 8 channels count, two or more columns wide.
    @_transparent
    static func halfRun(width: Int) -> (pixels: Int, width: Int) {
        if width < 4 { return (2, width) }
        if width < 8 { return (4, width) }
        #if arch(arm64)
        return (8, width)
        #else
        let rest = width % 12
        if width < 12 || (width < 24 && rest > 0 && rest <= 4) { return (8, width) }
        if rest == 0 || rest >= 9 { return (12, width) }
        return (12, rest <= 4 ? width &- rest &- 12 : width &- rest)
        #endif
    }

    /// Whether half a block is half the work: SSE2 has too few registers for its tiles.
    static var halves: Bool {
        #if KERNEL_FMA || arch(arm64)
        true
        #else
        false
        #endif
    }

    /// Whether there is a tile of every number of pixels.
    private static var mixes: Bool {
        #if KERNEL_AVX512
        false
        #else
        true
        #endif
    }

    /// The number of pixels, at most `largest` and of those `cover` has a tile for, with the least work.
    @_transparent
    private static func pixels(width: Int, blocks: Int, largest: Int) -> Int {
        var best = 1
        var bestCost = Int.max
        var candidate = largest
        while candidate >= 1 {
            if isAvailable(candidate, blocks: blocks) {
                let tiles = (width &+ candidate &- 1) / candidate
                // Every tile reads the weights again.
                let cost = tiles &* (max(candidate &* blocks, busy) &+ 2)
                if cost < bestCost {
                    best = candidate
                    bestCost = cost
                }
            }
            candidate &-= 1
        }
        return best
    }

    @_transparent
    private static func isAvailable(_ pixels: Int, blocks: Int) -> Bool {
        #if KERNEL_AVX512
        switch blocks {
        case 8: return pixels == 1
        case 4: return pixels <= 3
        default: return pixels <= 8 || pixels == 10 || pixels == 12 || pixels == 14
        }
        #elseif KERNEL_FMA || arch(arm64)
        // Three pixels by two blocks would fill AVX2's registers with sums alone.
        return blocks == 2 ? pixels <= 2 : pixels &* blocks <= 6
        #else
        return pixels &* blocks <= 3
        #endif
    }
}

/// Covers an image by the tile of `pixels` and `blocks`, one of those TileChoice offers.
@_transparent
func coverTile<let step: Int, let lanes: Int>(
    _: Reading<step, lanes>.Type,
    pixels: Int,
    blocks: Int,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ addend: Floats?,
    _ output: MutableFloats,
    _ part: Part
) {
    @_transparent
    func run<let G: Int, let R: Int, let W: Int, let Q: Int>(
        _ tile: Tile<G, R, W, Q, step, lanes, 1>.Type
    ) {
        cover(tile, geometry, input, weights, bias, addend, output, part)
    }
    #if KERNEL_AVX512
    switch (blocks, pixels) {
    case (2, 14): run(Tile<2, 7, 2, 2, step, lanes, 1>.self)
    case (2, 12): run(Tile<2, 6, 2, 2, step, lanes, 1>.self)
    case (2, 10): run(Tile<2, 5, 2, 2, step, lanes, 1>.self)
    case (2, 8): run(Tile<1, 8, 2, 2, step, lanes, 1>.self)
    case (2, 7): run(Tile<1, 7, 2, 2, step, lanes, 1>.self)
    case (2, 6): run(Tile<1, 6, 2, 2, step, lanes, 1>.self)
    case (2, 5): run(Tile<1, 5, 2, 2, step, lanes, 1>.self)
    case (2, 4): run(Tile<1, 4, 2, 2, step, lanes, 1>.self)
    case (2, 3): run(Tile<1, 3, 2, 2, step, lanes, 1>.self)
    case (2, 2): run(Tile<1, 2, 2, 2, step, lanes, 1>.self)
    case (2, 1): run(Tile<1, 1, 2, 2, step, lanes, 1>.self)
    case (4, 3): run(Tile<1, 3, 4, 2, step, lanes, 1>.self)
    case (4, 2): run(Tile<1, 2, 4, 2, step, lanes, 1>.self)
    case (4, 1): run(Tile<1, 1, 4, 2, step, lanes, 1>.self)
    case (8, 1): run(Tile<1, 1, 8, 2, step, lanes, 1>.self)
    case (1, 14): run(Tile<2, 7, 1, 1, step, lanes, 1>.self)
    case (1, 12): run(Tile<2, 6, 1, 1, step, lanes, 1>.self)
    case (1, 10): run(Tile<2, 5, 1, 1, step, lanes, 1>.self)
    case (1, 8): run(Tile<1, 8, 1, 1, step, lanes, 1>.self)
    case (1, 7): run(Tile<1, 7, 1, 1, step, lanes, 1>.self)
    case (1, 6): run(Tile<1, 6, 1, 1, step, lanes, 1>.self)
    case (1, 5): run(Tile<1, 5, 1, 1, step, lanes, 1>.self)
    case (1, 4): run(Tile<1, 4, 1, 1, step, lanes, 1>.self)
    case (1, 3): run(Tile<1, 3, 1, 1, step, lanes, 1>.self)
    case (1, 2): run(Tile<1, 2, 1, 1, step, lanes, 1>.self)
    default: run(Tile<1, 1, 1, 1, step, lanes, 1>.self)
    }
    #elseif KERNEL_FMA || arch(arm64)
    switch (blocks, pixels) {
    case (1, 6): run(Tile<1, 6, 1, 1, step, lanes, 1>.self)
    case (1, 5): run(Tile<1, 5, 1, 1, step, lanes, 1>.self)
    case (1, 4): run(Tile<1, 4, 1, 1, step, lanes, 1>.self)
    case (1, 3): run(Tile<1, 3, 1, 1, step, lanes, 1>.self)
    case (1, 2): run(Tile<1, 2, 1, 1, step, lanes, 1>.self)
    case (2, 2): run(Tile<1, 2, 2, 1, step, lanes, 1>.self)
    case (2, 1): run(Tile<1, 1, 2, 1, step, lanes, 1>.self)
    case (4, 1): run(Tile<1, 1, 4, 1, step, lanes, 1>.self)
    case (5, 1): run(Tile<1, 1, 5, 1, step, lanes, 1>.self)
    case (6, 1): run(Tile<1, 1, 6, 1, step, lanes, 1>.self)
    default: run(Tile<1, 1, 1, 1, step, lanes, 1>.self)
    }
    #else
    switch (blocks, pixels) {
    case (1, 3): run(Tile<1, 3, 1, 1, step, lanes, 1>.self)
    case (1, 2): run(Tile<1, 2, 1, 1, step, lanes, 1>.self)
    case (2, 1): run(Tile<1, 1, 2, 1, step, lanes, 1>.self)
    case (3, 1): run(Tile<1, 1, 3, 1, step, lanes, 1>.self)
    default: run(Tile<1, 1, 1, 1, step, lanes, 1>.self)
    }
    #endif
}

/// The same for a block of which at most 8 channels count.
@_transparent
func coverHalfTile<let step: Int, let lanes: Int>(
    _: Reading<step, lanes>.Type,
    pixels: Int,
    _ geometry: ConvolutionGeometry,
    _ input: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ output: MutableFloats
) {
    @_transparent
    func run<let R: Int>(_ tile: Tile<1, R, 1, 1, step, lanes, 2>.Type) {
        cover(tile, geometry, input, weights, bias, nil, output, .whole)
    }
    switch pixels {
    case 12: run(Tile<1, 6, 1, 1, step, lanes, 2>.self)
    case 8: run(Tile<1, 4, 1, 1, step, lanes, 2>.self)
    case 4: run(Tile<1, 2, 1, 1, step, lanes, 2>.self)
    default: run(Tile<1, 1, 1, 1, step, lanes, 2>.self)
    }
}
