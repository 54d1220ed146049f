import Compute
import Graph
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
            plan.lookUpStep(
                node.name,
                input,
                to: product,
                TableShape(
                    positions: sizes.steps * sizes.batch,
                    depth: sizes.inputs,
                    vectors: outputs
                ),
                key: "\(weights.key)/table/\(cell)"
            ) { () throws(ModelError) in
                try weights.packedTable(bias: bias)
            }
            return product
        }
        let source = try plan.value(input, as: .points)
        plan.productStep(
            node.name,
            ProductShape(
                points: sizes.steps * sizes.batch,
                inputBlocks: blocks(of: sizes.inputs),
                outputBlocks: outputs
            ),
            from: source,
            to: product,
            key: "\(weights.key)/input/\(cell)"
        ) { table throws(ModelError) in
            try weights.packedInput(bias: bias, for: table)
        }
        return product
    }

    /// Adds one phase of step `step`: every direction's hidden blocks, cut into chunks.
    func addPhase(
        _ phase: RecurrentCell,
        _ step: Int,
        _ passes: [DirectedPass],
        _ state: State,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) {
        let (table, store, activation) = (plan.kernels, plan.weights, cell.activation)
        let width = cell.blocksPerChunk(gates: gates, hidden: sizes.hidden, batch: sizes.batch)
        let perDirection = (sizes.blocks + width - 1) / width
        let states = passes.flatMap(\.states)
        plan.step(
            node.name,
            chunks: perDirection * passes.count,
            reads: passes.map(\.product) + states + [state.hidden]
                + [state.initial].compactMap { $0 },
            writes: states + [state.hidden]
        ) { (placement) throws(ModelError) in
            let zeros = FloatStorage(count: step == 0 ? sizes.blocks * sizes.row : 0)
            var bound: [BoundPass] = []
            for pass in passes {
                bound.append(
                    try BoundPass(pass, step, state, sizes, placement, zeros: zeros, store)
                )
            }
            let geometry = RecurrentGeometry(
                cell: phase,
                hidden: sizes.hidden,
                batch: sizes.batch,
                productPlane: placement[passes[0].product].plane,
                previousPlane: bound[0].previous.plane,
                hiddenPlane: placement[state.hidden].plane,
                statePlane: states.first.map { placement[$0].plane } ?? 0,
                activation: activation
            )
            return { [bound] arena, chunk in
                let first = chunk % perDirection * width
                bound[chunk / perDirection].run(
                    geometry,
                    arena,
                    blocks: first..<min(first + width, sizes.blocks),
                    table
                )
            }
        }
    }
}

/// One direction of one step with everything in its place.
private struct BoundPass: Sendable {
    /// h of the step before, the initial state, or zeros.
    let previous: Place
    private let product: Place
    private let hidden: Place
    private let cell: Place
    private let update: Place
    private let resetHidden: Place
    private let packed: PackedLayer

    init(
        _ pass: RecurrentLowering.DirectedPass,
        _ step: Int,
        _ state: RecurrentLowering.State,
        _ sizes: RecurrentLowering.Sizes,
        _ placement: Placement,
        zeros: FloatStorage,
        _ store: WeightStore
    ) throws(ModelError) {
        let weights = pass.weights
        packed = try store.layer("\(weights.key)/recurrent") { () throws(ModelError) in
            try weights.packedRecurrent()
        }
        let time = pass.time(step, sizes)
        let answers = placement[state.hidden]
        func answer(_ time: Int) -> Place {
            answers.moved(by: (time * sizes.directions + pass.index) * sizes.row)
        }
        product = placement[pass.product].moved(by: time * sizes.row)
        hidden = answer(time)
        if step > 0 {
            previous = answer(pass.time(step - 1, sizes))
        } else if let initial = state.initial {
            previous = placement[initial].moved(by: pass.index * sizes.row)
        } else {
            previous = Place(storage: zeros, offset: 0, row: 16, plane: sizes.row, image: 0)
        }
        cell = placement[pass.cell ?? state.hidden]
        update = placement[pass.update ?? state.hidden]
        resetHidden = placement[pass.resetHidden ?? state.hidden]
    }

    @inline(__always)
    func run(
        _ geometry: RecurrentGeometry,
        _ arena: PassArena,
        blocks: Range<Int>,
        _ table: KernelSet
    ) {
        table.recur(
            geometry,
            product: product.position(in: arena),
            previous: previous.position(in: arena),
            weights: packed.weights.start,
            bias: packed.bias.start,
            states: (
                cell.position(in: arena), update.position(in: arena),
                resetHidden.position(in: arena)
            ),
            hidden: hidden.position(in: arena),
            blocks: blocks
        )
    }
}

extension Place {
    /// The same strides from `count` floats further on.
    func moved(by count: Int) -> Place {
        Place(storage: storage, offset: offset + count, row: row, plane: plane, image: image)
    }
}

extension Cell {
    var phases: [RecurrentCell] {
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
    ///
    /// A few sequences need several blocks at once for enough sums; many have them in one.
    func blocksPerChunk(gates: Int, hidden: Int, batch: Int) -> Int {
        let perBlock = max(1, hidden * gates * 16 * batch)
        let useful = (65_536 + perBlock - 1) / perBlock
        let together = batch < 4 ? blocksPerChunk : 1
        return (useful + together - 1) / together * together
    }
}
