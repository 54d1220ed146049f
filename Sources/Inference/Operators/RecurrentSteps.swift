import Compute
import KernelInterface

extension RecurrentLowering {
    /// W x^t + Wb (+ Rb) of every step at once, [hidden block · gates][T · B][16].
    ///
    /// One-hot inputs only pick a row of a table: the same bits as the product, at the cost of a copy.
    func inputProduct(
        _ input: ValueID,
        _ sizes: Sizes,
        _ weights: RecurrentWeights,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let outputs = sizes.blocks * gates
        let shape: Shape = [sizes.steps, sizes.batch, outputs * 16]
        let product = try plan.define("", shape, .points)
        let bias = weights.inputBias(keepsHiddenGate: cell == .gruLinearBeforeReset)
        if attributes.oneHotDepth != nil {
            lookUp(input, product, sizes, weights, bias, into: &plan)
            return product
        }
        let source = try plan.value(input, as: .points)
        plan.productStep(
            node.name,
            ProductShape(
                points: sizes.steps * sizes.batch,
                inputBlocks: blocks(of: sizes.inputs),
                outputBlocks: outputs,
                activation: Activation.none
            ),
            from: source,
            to: product,
            key: "\(weights.key)/input/\(cell)"
        ) { table in
            weights.packedInput(bias: bias, for: table)
        }
        return product
    }

    private func lookUp(
        _ input: ValueID,
        _ product: ValueID,
        _ sizes: Sizes,
        _ weights: RecurrentWeights,
        _ bias: [Float],
        into plan: inout PlanBuilder
    ) {
        let (store, gates, cell) = (plan.weights, gates, cell)
        let count = sizes.steps * sizes.batch
        let vectors = sizes.blocks * gates
        plan.step(node.name, chunks: 1, reads: [input], writes: [product]) { placement in
            let table = store.layer("\(weights.key)/table/\(cell)") {
                weights.packedTable(bias: bias)
            }.weights
            let (from, to) = (placement[input], placement[product])
            return { arena, _ in
                let tokens = from.position(in: arena)
                let output = to.position(in: arena)
                for index in 0..<count {
                    // Tokens are checked before they reach a plan; clamping keeps any other inside.
                    let given = wrapped(tokens.integer(at: index), sizes.inputs)
                    let token = min(max(given, 0), sizes.inputs - 1)
                    let row = table.start + token * vectors * 16
                    for vector in 0..<vectors {
                        (output + vector * to.plane + index * 16)
                            .copy(from: row + vector * 16, count: 16)
                    }
                }
            }
        }
    }

    /// Adds the steps of time `step`: one, or two for a GRU that resets before the product.
    func timeStep(
        _ step: Int,
        _ product: ValueID,
        _ state: State,
        _ sizes: Sizes,
        _ weights: RecurrentWeights,
        into plan: inout PlanBuilder
    ) {
        for phase in cell.phases {
            addPhase(phase, step, product, state, sizes, weights, into: &plan)
        }
    }

    private func addPhase(
        _ phase: RecurrentCell,
        _ time: Int,
        _ product: ValueID,
        _ state: State,
        _ sizes: Sizes,
        _ weights: RecurrentWeights,
        into plan: inout PlanBuilder
    ) {
        let (table, store, cell, gates) = (plan.kernels, plan.weights, cell, gates)
        let width = cell.blocksPerChunk(gates: gates, hidden: sizes.hidden)
        let row = sizes.batch * 16
        plan.step(
            node.name,
            chunks: (sizes.blocks + width - 1) / width,
            reads: [product] + state.all,
            writes: state.all.filter { $0 != state.initial }
        ) { placement in
            let packed = store.layer("\(weights.key)/recurrent") {
                weights.packedRecurrent()
            }
            let hidden = placement[state.hidden]
            let zeros = FloatStorage(count: time == 0 ? sizes.blocks * row : 0)
            let previous = Self.previous(time, placement, state, row: row, zeros: zeros)
            let (products, output) = (placement[product], time * row)
            let cellPlace = placement[state.cell ?? state.hidden]
            let updatePlace = placement[state.update ?? state.hidden]
            let resetPlace = placement[state.resetHidden ?? state.hidden]
            let geometry = RecurrentGeometry(
                cell: phase,
                hidden: sizes.hidden,
                batch: sizes.batch,
                productPlane: products.plane,
                previousPlane: previous.plane,
                hiddenPlane: hidden.plane,
                activation: cell.activation
            )
            return { arena, chunk in
                table.recur(
                    geometry,
                    product: products.position(in: arena) + output,
                    previous: previous.position(in: arena),
                    weights: packed.weights.start,
                    bias: packed.bias.start,
                    states: (
                        cellPlace.position(in: arena),
                        updatePlace.position(in: arena),
                        resetPlace.position(in: arena)
                    ),
                    hidden: hidden.position(in: arena) + output,
                    blocks: chunk * width..<min((chunk + 1) * width, sizes.blocks)
                )
            }
        }
    }

    /// h^{t−1}: the step before, the initial state, or zeros.
    private static func previous(
        _ time: Int,
        _ placement: Placement,
        _ state: State,
        row: Int,
        zeros: FloatStorage
    ) -> Place {
        if time > 0 {
            let hidden = placement[state.hidden]
            return Place(
                storage: hidden.storage,
                offset: hidden.offset + (time - 1) * row,
                row: hidden.row,
                plane: hidden.plane,
                image: 0
            )
        }
        if let initial = state.initial { return placement[initial] }
        return Place(storage: zeros, offset: 0, row: 16, plane: row, image: 0)
    }
}

extension Cell {
    fileprivate var phases: [RecurrentCell] {
        switch self {
        case .rnn: [.RNN]
        case .lstm: [.LSTM]
        case .gruLinearBeforeReset: [.gruLinearBeforeReset]
        case .gru: [.gruGates, .gruCandidate]
        }
    }

    fileprivate var activation: Activation {
        if case .rnn(let activation) = self { activation } else { Activation.tanh }
    }

    /// Enough hidden blocks that a chunk is worth handing over (about a microsecond).
    fileprivate func blocksPerChunk(gates: Int, hidden: Int) -> Int {
        let perBlock = max(1, hidden * gates * 16)
        let useful = (65_536 + perBlock - 1) / perBlock
        return (useful + blocksPerChunk - 1) / blocksPerChunk * blocksPerChunk
    }
}
