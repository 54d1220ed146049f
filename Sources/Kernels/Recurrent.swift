import KernelInterface

/// One time step of hidden blocks [first, end); see KernelTable.recur.
func recur(
    _ geometry: UnsafePointer<RecurrentGeometry>,
    _ product: Floats,
    _ previous: Floats,
    _ weights: Floats,
    _ bias: Floats,
    _ cellState: MutableFloats,
    _ update: MutableFloats,
    _ resetHidden: MutableFloats,
    _ hidden: MutableFloats,
    _ first: Int,
    _ end: Int
) {
    let step = RecurrentStep(
        geometry: geometry.pointee,
        product: product,
        previous: previous,
        weights: weights,
        bias: bias,
        cellState: cellState,
        update: update,
        resetHidden: resetHidden,
        hidden: hidden
    )
    switch geometry.pointee.cell {
    case .RNN: step.runRNN(first, end)
    case .LSTM: step.runLSTM(first, end)
    case .gruLinearBeforeReset: step.runGRU(first, end)
    case .gruGates: step.runGRUGates(first, end)
    case .gruCandidate: step.runGRUCandidate(first, end)
    }
}

/// One sequence and hidden block of a step, its gates' sums complete.
private struct Place {
    var sums: MutableFloats
    var unit: Int
    var sequence: Int

    @inline(__always)
    subscript(gate: Int) -> Vector { load(sums + gate &* 16) }
}

private struct RecurrentStep {
    let geometry: RecurrentGeometry
    let product: Floats
    let previous: Floats
    let weights: Floats
    let bias: Floats
    let cellState: MutableFloats
    let update: MutableFloats
    let resetHidden: MutableFloats
    let hidden: MutableFloats

    /// The plain cell: h = f(sum).
    @inline(never)
    func runRNN(_ first: Int, _ end: Int) {
        walk(GateChoice<1>.self, GateLayout(gates: 1), previous, geometry.previousPlane, first, end)
        { place in
            let target = hidden(place)
            switch geometry.activation {
            case .tanh: store(tanh(place[0]), target)
            case .relu: store(raise(place[0], to: Vector()), target)
            case .sigmoid: store(sigmoid(place[0]), target)
            case .saturating: store(saturating(place[0]), target)
            case .none, .maxoutPair: store(place[0], target)
            }
        }
    }

    /// Long short-term memory: c = σ(f) c + σ(i) tanh(g), then h = σ(o) tanh(c).
    @inline(never)
    func runLSTM(_ first: Int, _ end: Int) {
        walk(GateChoice<4>.self, GateLayout(gates: 4), previous, geometry.previousPlane, first, end)
        { place in
            let cell = cellState + state(place)
            let input = sigmoid(place[0]) * tanh(place[3])
            let next = multiplyAdd(input, sigmoid(place[2]), load(cell))
            store(next, cell)
            store(sigmoid(place[1]) * tanh(next), hidden(place))
        }
    }

    /// Resets after the product: n = tanh(Wx + r (R h + b)), then h = n + z (h − n).
    @inline(never)
    func runGRU(_ first: Int, _ end: Int) {
        var layout = GateLayout(gates: 3)
        layout.biased = 2
        walk(GateChoice<3>.self, layout, previous, geometry.previousPlane, first, end) { place in
            let candidate = tanh(
                multiplyAdd(load(product(place, gate: 2)), sigmoid(place[1]), place[2])
            )
            let before = load(previous(place))
            store(multiplyAdd(candidate, sigmoid(place[0]), before - candidate), hidden(place))
        }
    }

    @inline(never)
    func runGRUGates(_ first: Int, _ end: Int) {
        walk(GateChoice<2>.self, GateLayout(gates: 3), previous, geometry.previousPlane, first, end)
        { place in
            store(sigmoid(place[0]), update + state(place))
            let reset = sigmoid(place[1]) * load(previous(place))
            store(reset, resetHidden + state(place))
        }
    }

    /// Resets before the product: n = tanh(Wx + R (r h)), then h = n + z (h − n).
    @inline(never)
    func runGRUCandidate(_ first: Int, _ end: Int) {
        var layout = GateLayout(gates: 3)
        layout.first = 2
        walk(GateChoice<1>.self, layout, resetHidden, geometry.statePlane, first, end) { place in
            let candidate = tanh(place[0])
            let gate = load(update + state(place))
            let before = load(previous(place))
            store(multiplyAdd(candidate, gate, before - candidate), hidden(place))
        }
    }

    @_transparent
    private func hidden(_ place: Place) -> MutableFloats {
        hidden + (place.unit &* geometry.hiddenPlane &+ place.sequence &* 16)
    }

    @_transparent
    private func previous(_ place: Place) -> Floats {
        previous + (place.unit &* geometry.previousPlane &+ place.sequence &* 16)
    }

    @_transparent
    private func product(_ place: Place, gate: Int) -> Floats {
        product + ((place.unit &* 3 &+ gate) &* geometry.productPlane &+ place.sequence &* 16)
    }

    /// Offset in the states that steps update in place.
    @_transparent
    private func state(_ place: Place) -> Int {
        place.unit &* geometry.statePlane &+ place.sequence &* 16
    }
}

/// Which of a cell's gates a walk computes.
private struct GateLayout {
    var gates: Int
    var first = 0

    /// The gate that starts from the bias instead of the product.
    var biased = -1
}

extension RecurrentStep {
    /// Sums N gates over `state` for every place and hands each place to `finish`.
    @_transparent
    private func walk<let N: Int>(
        _ choice: GateChoice<N>.Type,
        _ layout: GateLayout,
        _ state: Floats,
        _ statePlane: Int,
        _ first: Int,
        _ end: Int,
        _ finish: (Place) -> Void
    ) {
        var storage = InlineArray<3, InlineArray<8, Vector>>(
            repeating: InlineArray(repeating: Vector())
        )
        withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress else { return }
            let sums = base.assumingMemoryBound(to: Float.self)
            var unit = first
            while unit < end {
                let units = choice.units(batch: geometry.batch, remaining: end &- unit)
                var sequence = 0
                while sequence < geometry.batch {
                    let rows = choice.rows(units: units, remaining: geometry.batch &- sequence)
                    let tile = GateRegion(unit: unit, units: units, sequence: sequence, rows: rows)
                    start(tile, N, layout, sums)
                    choice.run(
                        units: units,
                        rows: rows,
                        state: state + sequence &* 16,
                        statePlane: statePlane,
                        hidden: geometry.hidden,
                        weights: weights
                            + (unit &* geometry.hidden &* layout.gates &+ layout.first) &* 16,
                        gates: layout.gates,
                        sums: sums
                    )
                    tile.forEachPlace(sums, slots: N, finish)
                    sequence &+= rows
                }
                unit &+= units
            }
        }
    }

    /// Fills the places with what their sums start from.
    @_transparent
    private func start(
        _ tile: GateRegion,
        _ slots: Int,
        _ layout: GateLayout,
        _ sums: MutableFloats
    ) {
        tile.forEachPlace(sums, slots: slots) { place in
            for slot in 0..<slots {
                let gate = layout.first &+ slot
                let block = place.unit &* layout.gates &+ gate
                let source =
                    gate == layout.biased
                    ? bias + place.unit &* 16
                    : product + (block &* geometry.productPlane &+ place.sequence &* 16)
                store(load(source), place.sums + slot &* 16)
            }
        }
    }
}

/// The hidden blocks and sequences of one tile.
private struct GateRegion {
    var unit: Int
    var units: Int
    var sequence: Int
    var rows: Int

    @_transparent
    func forEachPlace(_ sums: MutableFloats, slots: Int, _ body: (Place) -> Void) {
        for u in 0..<units {
            for row in 0..<rows {
                body(
                    Place(
                        sums: sums + (u &* rows &+ row) &* slots &* 16,
                        unit: unit &+ u,
                        sequence: sequence &+ row
                    )
                )
            }
        }
    }
}
