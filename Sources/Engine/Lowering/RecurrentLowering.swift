import Compute
import Graph
import KernelInterface

/// Lowers a recurrent layer: the input's half of every step as one product, then a step per time.
///
/// Both directions of a bidirectional layer are chunks of the same steps: step s computes time s of the
/// one that reads forward and time T − 1 − s of the one that reads backward.
struct RecurrentLowering {
    let node: Node
    let attributes: RecurrentAttributes
    let gates: Int
    let cell: Cell

    /// Sizes of one layer for one plan.
    struct Sizes {
        let steps: Int
        let batch: Int
        let inputs: Int
        let hidden: Int
        let directions: Int

        var blocks: Int { Compute.blocks(of: hidden) }

        /// Floats of one block of all sequences at one time in one direction.
        var row: Int { batch * 16 }
    }

    /// One direction of a layer: its weights, and the values that only it uses.
    struct DirectedPass {
        /// 0, or 1 for the second direction of a bidirectional layer.
        let index: Int
        let isReversed: Bool
        let weights: RecurrentWeights
        let product: ValueID
        let cell: ValueID?
        let update: ValueID?
        let resetHidden: ValueID?
        /// Where weights are integers.
        let rounding: Rounding?

        var states: [ValueID] { [cell, update, resetHidden].compactMap { $0 } }

        /// The time that step `step` computes.
        func time(_ step: Int, _ sizes: Sizes) -> Int {
            isReversed ? sizes.steps - 1 - step : step
        }
    }

    /// A direction whose state is rounded before each step.
    struct Rounding {
        let weights: RowWeights
        let state: RoundedRows
        /// Sums of a chunk's gates.
        let sums: ValueID
    }

    /// What all directions share.
    struct State {
        /// [D, B, H], or nil for zeros.
        let initial: ValueID?
        /// Y [T, D, B, H].
        let hidden: ValueID
    }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.sequence(node, 0, depth: attributes.oneHotDepth)
        guard try plan.optionalInput(node, 4) == nil, try plan.optionalInput(node, 7) == nil else {
            throw .shape(node: node.name, reason: "sequence_lens and peepholes are not supported")
        }
        let directions = attributes.isReversed
        var weights: [RecurrentWeights] = []
        for index in directions.indices {
            weights.append(
                try RecurrentWeights(
                    node,
                    gates: gates,
                    direction: index,
                    of: directions.count,
                    plan: plan
                )
            )
        }
        let sizes = try sizes(plan.shape(of: input), weights[0])
        let initialCell = cell == .lstm ? try initial(6, sizes, into: &plan) : nil
        var passes: [DirectedPass] = []
        for (index, isReversed) in directions.enumerated() {
            passes.append(
                try pass(
                    index,
                    isReversed: isReversed,
                    weights: weights[index],
                    of: input,
                    cell: initialCell,
                    sizes: sizes,
                    into: &plan
                )
            )
        }
        let shape: Shape = [sizes.steps, sizes.directions, sizes.batch, sizes.hidden]
        let state = State(
            initial: try initial(5, sizes, into: &plan),
            hidden: try plan.define(node.outputs[0], shape, .points)
        )
        let perUnit = sizes.hidden + (attributes.oneHotDepth == nil ? sizes.inputs : 0)
        let units = sizes.steps * sizes.directions * sizes.batch * sizes.hidden
        plan.count(units * gates * perUnit, for: node)
        try plan.require(steps: sizes.steps * cell.phases.count)
        RecurrentUnrolling(lowering: self, passes: passes, state: state, sizes: sizes)
            .add(into: &plan)
        try finalStates(passes, state, sizes, into: &plan)
    }

    private func pass(
        _ index: Int,
        isReversed: Bool,
        weights: RecurrentWeights,
        of input: ValueID,
        cell initialCell: ValueID?,
        sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> DirectedPass {
        let hasScratch = cell == .gru
        return DirectedPass(
            index: index,
            isReversed: isReversed,
            weights: weights,
            product: try inputProduct(input, sizes, weights, into: &plan),
            cell: cell == .lstm ? try cellState(index, initialCell, sizes, into: &plan) : nil,
            update: hasScratch ? try points("", sizes, into: &plan) : nil,
            resetHidden: hasScratch ? try points("", sizes, into: &plan) : nil,
            rounding: try rounding(weights, sizes, into: &plan)
        )
    }

    private func rounding(
        _ weights: RecurrentWeights,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> Rounding? {
        guard let integers = weights.recurrentIntegers else { return nil }
        return Rounding(
            weights: try weights.packed(integers, "recurrent", for: node, plan),
            state: try RoundedRows(sizes.batch, channels: sizes.hidden, into: &plan),
            sums: try plan.workerScratch(
                min(sizes.blocks, blocksPerChunk(sizes, ofIntegers: true)) * gates * sizes.row
            )
        )
    }

    /// Hidden blocks of a chunk of a step; integers are multiplied four times as fast.
    func blocksPerChunk(_ sizes: Sizes, ofIntegers: Bool) -> Int {
        cell.blocksPerChunk(
            gates: gates,
            hidden: ofIntegers ? (sizes.hidden + 3) / 4 : sizes.hidden,
            batch: sizes.batch
        )
    }

    private func sizes(_ shape: Shape, _ weights: RecurrentWeights) throws(ModelError) -> Sizes {
        let sequence = try SequenceShape(shape, node, oneHotDepth: attributes.oneHotDepth)
        guard sequence.inputs == weights.inputs else {
            throw .shape(
                node: node.name,
                reason:
                    "the input has \(sequence.inputs) features, the weights expect \(weights.inputs)"
            )
        }
        if let size = attributes.hiddenSize, size != weights.hidden {
            throw .shape(
                node: node.name,
                reason: "hidden_size is \(size), the weights have \(weights.hidden)"
            )
        }
        return Sizes(
            steps: sequence.steps,
            batch: sequence.batch,
            inputs: sequence.inputs,
            hidden: weights.hidden,
            directions: attributes.isReversed.count
        )
    }

    /// [1, B, H] of one direction.
    func points(
        _ name: String,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        try plan.define(name, [1, sizes.batch, sizes.hidden], .points)
    }
}

/// A sequence [T, B, features], or [T, B] of indices into one-hot vectors.
struct SequenceShape {
    let steps: Int
    let batch: Int
    let inputs: Int

    init(_ shape: Shape, _ node: Node, oneHotDepth: Int?) throws(ModelError) {
        guard shape.rank == (oneHotDepth == nil ? 3 : 2), shape[0] >= 1, shape[1] >= 1 else {
            throw .shape(
                node: node.name,
                reason: "the input \(shape) is not a sequence [T, B, features]"
            )
        }
        (steps, batch, inputs) = (shape[0], shape[1], oneHotDepth ?? shape[2])
    }
}
