/// Sequences and hidden blocks computed at once, and the tiles for them.
struct GateChoice<let N: Int> {
    /// A small batch walks several hidden blocks side by side to have enough sums under way.
    @_transparent
    static func units(batch: Int, remaining: Int) -> Int {
        #if KERNEL_AVX512
        switch N {
        case 1:
            if batch >= 4 { return min(remaining, 2) }
            return remaining >= 8 ? 8 : remaining >= 4 ? 4 : min(remaining, 2)
        case 2: return batch < 4 && remaining >= 4 ? 4 : 1
        case 3: return batch < 4 && remaining >= 3 ? 3 : 1
        default: return batch < 3 && remaining >= 2 ? 2 : 1
        }
        #elseif KERNEL_FMA || arch(arm64)
        switch N {
        case 1: return batch < 3 ? TileChoice.narrowBlocks(remaining: remaining) ?? 1 : 1
        case 2: return batch < 3 && remaining >= 3 ? 3 : 1
        case 3: return batch < 2 && remaining >= 2 ? 2 : 1
        default: return 1
        }
        #else
        return N == 1 && remaining >= 3 ? 3 : 1
        #endif
    }

    @_transparent
    static func rows(units: Int, remaining: Int) -> Int {
        #if KERNEL_AVX512
        if units > 2 || N == 4 && units > 1 { return 1 }
        if N == 4 {
            // As even as can be, as below.
            let tiles = (remaining &+ 5) / 6
            return (remaining &+ tiles &- 1) / tiles
        }
        return remaining >= 8 ? 8 : remaining >= 4 ? 4 : remaining >= 2 ? 2 : 1
        #elseif KERNEL_FMA || arch(arm64)
        // So many sequences by one gate at a time: more gates would leave no register for their weights.
        if units > 1 { return 1 }
        #if arch(arm64)
        let most = 5
        #else
        let most = 6
        #endif
        // As even as can be: a tile of one or two sequences reads the weights for little work.
        let tiles = (remaining &+ most &- 1) / most
        return (remaining &+ tiles &- 1) / tiles
        #else
        return 1
        #endif
    }

    /// Sums N gates of `units` hidden blocks for `rows` sequences.
    ///
    /// `state` is [hidden/16][batch][16] at the first sequence, `weights` [hidden][gates][16] of the first
    /// hidden block at the first gate; `sums`, [unit][row][N][16], hold what the sums start from.
    @_transparent
    static func run(
        units: Int,
        rows: Int,
        state: Floats,
        statePlane: Int,
        hidden: Int,
        weights: Floats,
        gates: Int,
        sums: MutableFloats
    ) {
        let reduction = GateReduction(
            state: state,
            statePlane: statePlane,
            hidden: hidden,
            weights: weights,
            gates: gates,
            slots: N,
            sums: sums
        )
        #if KERNEL_AVX512
        switch (N, units, rows) {
        case (1, 8, _): GateTile<1, 8, 1>.run(reduction)
        case (1, 4, _): GateTile<1, 4, 1>.run(reduction)
        case (1, 2, 8): GateTile<8, 2, 1>.run(reduction)
        case (1, 2, 4): GateTile<4, 2, 1>.run(reduction)
        case (1, 2, 2): GateTile<2, 2, 1>.run(reduction)
        case (1, 2, _): GateTile<1, 2, 1>.run(reduction)
        case (1, _, 8): GateTile<8, 1, 1>.run(reduction)
        case (1, _, 4): GateTile<4, 1, 1>.run(reduction)
        case (1, _, 2): GateTile<2, 1, 1>.run(reduction)
        case (1, _, _): GateTile<1, 1, 1>.run(reduction)
        case (2, 4, _): GateTile<1, 4, 2>.run(reduction)
        case (2, _, 8): GateTile<8, 1, 2>.run(reduction)
        case (2, _, 4): GateTile<4, 1, 2>.run(reduction)
        case (2, _, 2): GateTile<2, 1, 2>.run(reduction)
        case (2, _, _): GateTile<1, 1, 2>.run(reduction)
        case (3, 3, _): GateTile<1, 3, 3>.run(reduction)
        case (3, _, 8): GateTile<8, 1, 3>.run(reduction)
        case (3, _, 4): GateTile<4, 1, 3>.run(reduction)
        case (3, _, 2): GateTile<2, 1, 3>.run(reduction)
        case (3, _, _): GateTile<1, 1, 3>.run(reduction)
        case (_, 2, _): GateTile<1, 2, 4>.run(reduction)
        case (_, _, 6): GateTile<6, 1, 4>.run(reduction)
        case (_, _, 5): GateTile<5, 1, 4>.run(reduction)
        case (_, _, 4): GateTile<4, 1, 4>.run(reduction)
        case (_, _, 3): GateTile<3, 1, 4>.run(reduction)
        case (_, _, 2): GateTile<2, 1, 4>.run(reduction)
        default: GateTile<1, 1, 4>.run(reduction)
        }
        #elseif KERNEL_FMA || arch(arm64)
        switch (N, units, rows) {
        case (1, 6, _): GateTile<1, 6, 1>.run(reduction)
        case (1, 5, _): GateTile<1, 5, 1>.run(reduction)
        case (1, 4, _): GateTile<1, 4, 1>.run(reduction)
        case (1, _, 1): GateTile<1, 1, 1>.run(reduction)
        case (2, 3, _): GateTile<1, 3, 2>.run(reduction)
        case (2, 1, 1): GateTile<1, 1, 2>.run(reduction)
        case (3, 2, _): GateTile<1, 2, 3>.run(reduction)
        case (3, 1, 1): GateTile<1, 1, 3>.run(reduction)
        #if KERNEL_FMA
        case (_, _, 6): for gate in 0..<N { GateTile<6, 1, 1>.run(reduction.skipping(gate)) }
        #endif
        case (_, _, 5): for gate in 0..<N { GateTile<5, 1, 1>.run(reduction.skipping(gate)) }
        case (_, _, 4): for gate in 0..<N { GateTile<4, 1, 1>.run(reduction.skipping(gate)) }
        case (_, _, 3): for gate in 0..<N { GateTile<3, 1, 1>.run(reduction.skipping(gate)) }
        case (1, _, 2): GateTile<2, 1, 1>.run(reduction)
        case (_, _, 2):
            GateTile<2, 1, 2>.run(reduction)
            if N == 4 { GateTile<2, 1, 2>.run(reduction.skipping(2)) }
            if N == 3 { GateTile<2, 1, 1>.run(reduction.skipping(2)) }
        default: GateTile<1, 1, 4>.run(reduction)
        }
        #else
        switch (N, units, rows) {
        case (1, 3, _): GateTile<1, 3, 1>.run(reduction)
        case (1, _, _): GateTile<1, 1, 1>.run(reduction)
        case (2, _, _): GateTile<1, 1, 2>.run(reduction)
        case (3, _, _): GateTile<1, 1, 3>.run(reduction)
        default:
            GateTile<1, 1, 2>.run(reduction)
            GateTile<1, 1, 2>.run(reduction.skipping(2))
        }
        #endif
    }
}

/// The product of the recurrent weights and a state: what a tile of gates adds up.
private struct GateReduction {
    /// [hidden/16][batch][16], at the tile's first sequence.
    var state: Floats
    var statePlane: Int
    var hidden: Int

    /// [hidden][gates][16] of the tile's first hidden block, at its first gate.
    var weights: Floats
    var gates: Int

    /// Gates that one place in `sums` has room for.
    var slots: Int

    /// [hidden block][sequence][slot][16]: where each sum starts and where it ends.
    var sums: MutableFloats
}

/// The register tile of recurrent layers: B sequences times U hidden blocks times N of their gates.
///
/// Each of the B · U · N accumulators starts from the value it is added to and goes through the
/// state in order, so that a sequence gets the same bits alone and in a batch.
private struct GateTile<let B: Int, let U: Int, let N: Int> {
    private typealias Sums = InlineArray<B, InlineArray<U, InlineArray<N, Vector>>>

    @inline(never)
    static func run(_ reduction: GateReduction) {
        var sums = Sums(repeating: .init(repeating: .init(repeating: Vector())))
        for b in 0..<B {
            for u in 0..<U {
                for n in 0..<N { sums[b][u][n] = load(place(reduction, b, u, n)) }
            }
        }
        var state = reduction.state
        var weights = reduction.weights
        #if arch(arm64)
        // A step that is known takes no instructions.
        if reduction.gates == N {
            accumulateBlocks(&sums, reduction, &state, &weights, step: N &* 16)
        } else {
            accumulateBlocks(&sums, reduction, &state, &weights, step: reduction.gates &* 16)
        }
        #else
        for _ in 0..<(reduction.hidden / 16) {
            for lane in 0..<16 { accumulate(&sums, reduction, state + lane, &weights) }
            state += reduction.statePlane
        }
        #endif
        for lane in 0..<(reduction.hidden % 16) {
            accumulate(&sums, reduction, state + lane, &weights)
        }
        for b in 0..<B {
            for u in 0..<U {
                for n in 0..<N { store(sums[b][u][n], place(reduction, b, u, n)) }
            }
        }
    }

    @_transparent
    private static func place(
        _ reduction: GateReduction,
        _ b: Int,
        _ u: Int,
        _ n: Int
    )
        -> MutableFloats
    {
        reduction.sums + ((u &* B &+ b) &* reduction.slots &+ n) &* 16
    }

    #if arch(arm64)
    /// All whole blocks of 16 state elements: four of each sequence by one load, and products by its elements.
    ///
    /// Rows of weights lie `step` apart.
    @_transparent
    private static func accumulateBlocks(
        _ sums: inout Sums,
        _ reduction: GateReduction,
        _ state: inout Floats,
        _ weights: inout Floats,
        step: Int
    ) {
        let unit = reduction.hidden &* reduction.gates &* 16
        for _ in 0..<(reduction.hidden / 16) {
            for quarter in 0..<4 {
                var fours = InlineArray<B, Register>(repeating: Register())
                for b in 0..<B { fours[b] = loadRegister(state + (b &* 16 &+ quarter &* 4)) }
                add(fours, 0, weights, unit, to: &sums)
                add(fours, 1, weights + step, unit, to: &sums)
                add(fours, 2, weights + 2 &* step, unit, to: &sums)
                add(fours, 3, weights + 3 &* step, unit, to: &sums)
                weights += 4 &* step
            }
            state += reduction.statePlane
        }
    }

    /// One of four state elements of each sequence times its row of weights, `unit` numbers from a block to the next.
    @_transparent
    private static func add(
        _ fours: borrowing InlineArray<B, Register>,
        _ lane: Int,
        _ weights: Floats,
        _ unit: Int,
        to sums: inout Sums
    ) {
        for u in 0..<U {
            for n in 0..<N {
                let loaded = load(weights + (u &* unit &+ n &* 16))
                for b in 0..<B {
                    sums[b][u][n] = multiplyAdd(sums[b][u][n], splat(fours[b][lane]), loaded)
                }
            }
        }
    }
    #endif

    /// One state element of each sequence times its row of weights.
    @_transparent
    private static func accumulate(
        _ sums: inout Sums,
        _ reduction: GateReduction,
        _ state: Floats,
        _ weights: inout Floats
    ) {
        let unit = reduction.hidden &* reduction.gates &* 16
        var loaded = InlineArray<U, InlineArray<N, Vector>>(repeating: .init(repeating: Vector()))
        for u in 0..<U {
            for n in 0..<N { loaded[u][n] = load(weights + (u &* unit &+ n &* 16)) }
        }
        for b in 0..<B {
            let value = splat(state[b &* 16])
            for u in 0..<U {
                for n in 0..<N {
                    sums[b][u][n] = multiplyAdd(sums[b][u][n], value, loaded[u][n])
                }
            }
        }
        weights += reduction.gates &* 16
    }
}

extension GateReduction {
    /// The same reduction for the gates after the first `count`.
    @_transparent
    func skipping(_ count: Int) -> GateReduction {
        var rest = self
        rest.weights += count &* 16
        rest.sums += count &* 16
        return rest
    }
}
