import Compute
import KernelInterface

/// Lowers a recurrent layer: the input's half of every step as one product, then a step per time.
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

        var blocks: Int { Compute.blocks(of: hidden) }
    }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let weights = try RecurrentWeights(node, gates: gates, plan: plan)
        let input = try plan.input(node, 0)
        let sizes = try sizes(plan.shape(of: input), weights)
        guard try plan.optionalInput(node, 4) == nil, try plan.optionalInput(node, 7) == nil else {
            throw .shape(node: node.name, reason: "sequence_lens and peepholes are not supported")
        }
        let product = try inputProduct(input, sizes, weights, into: &plan)
        let state = try State(
            initial: initial(5, sizes, into: &plan),
            cell: cell == .lstm ? cellState(sizes, into: &plan) : nil,
            update: cell == .gru ? points("", sizes, into: &plan) : nil,
            resetHidden: cell == .gru ? points("", sizes, into: &plan) : nil,
            hidden: plan.define(
                node.outputs[0],
                [sizes.steps, 1, sizes.batch, sizes.hidden],
                .points
            )
        )
        plan.count(
            sizes.steps * sizes.batch * gates * sizes.hidden
                * (sizes.hidden + (attributes.oneHotDepth == nil ? sizes.inputs : 0)),
            for: node
        )
        for step in 0..<sizes.steps {
            timeStep(step, product, state, sizes, weights, into: &plan)
        }
        try finalStates(state, sizes, into: &plan)
    }

    /// Values that one layer's steps share.
    struct State {
        let initial: ValueID?
        let cell: ValueID?
        let update: ValueID?
        let resetHidden: ValueID?
        let hidden: ValueID

        var all: [ValueID] { [initial, cell, update, resetHidden, hidden].compactMap { $0 } }
    }

    private func sizes(_ shape: Shape, _ weights: RecurrentWeights) throws(ModelError) -> Sizes {
        let isIndexed = attributes.oneHotDepth != nil
        guard shape.rank == (isIndexed ? 2 : 3), shape[0] >= 1, shape[1] >= 1 else {
            throw .shape(
                node: node.name,
                reason: "the input \(shape) is not a sequence [T, B, features]"
            )
        }
        let inputs = attributes.oneHotDepth ?? shape[2]
        guard inputs == weights.inputs else {
            throw .shape(
                node: node.name,
                reason: "the input has \(inputs) features, the weights expect \(weights.inputs)"
            )
        }
        if let size = attributes.hiddenSize, size != weights.hidden {
            throw .shape(
                node: node.name,
                reason: "hidden_size is \(size), the weights have \(weights.hidden)"
            )
        }
        return Sizes(steps: shape[0], batch: shape[1], inputs: inputs, hidden: weights.hidden)
    }

    private func points(
        _ name: String,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        try plan.define(name, [1, sizes.batch, sizes.hidden], .points)
    }

    /// An initial state [1, B, H] as points, or nil for zeros.
    private func initial(
        _ index: Int,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID? {
        guard let given = try plan.optionalInput(node, index) else { return nil }
        let expected: Shape = [1, sizes.batch, sizes.hidden]
        guard plan.shape(of: given) == expected else {
            throw .inputShape(
                name: node.inputs[index],
                expected: "\(expected)",
                got: plan.shape(of: given)
            )
        }
        return try plan.value(given, as: .points)
    }

    /// The cell state, a copy of its initial value that the steps advance in place.
    private func cellState(
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let given = try initial(6, sizes, into: &plan)
        let name = node.outputs.count > 2 ? node.outputs[2] : ""
        let state = try points(name, sizes, into: &plan)
        let count = plan[state].storage
        plan.step(
            node.name,
            chunks: 1,
            reads: given.map { [$0] } ?? [],
            writes: [state]
        ) { placement in
            let (from, to) = (given.map { placement[$0] }, placement[state])
            return { arena, _ in
                let target = to.position(in: arena)
                if let from {
                    target.copy(from: from.position(in: arena), count: count)
                } else {
                    target.fill(0, count: count)
                }
            }
        }
        return state
    }

    /// Y_h: the hidden state after the last step.
    private func finalStates(
        _ state: State,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return }
        let last = try points(node.outputs[1], sizes, into: &plan)
        let row = sizes.batch * 16
        plan.step(node.name, chunks: 1, reads: [state.hidden], writes: [last]) { placement in
            let (from, to) = (placement[state.hidden], placement[last])
            return { arena, _ in
                let source = from.position(in: arena) + (sizes.steps - 1) * row
                for block in 0..<sizes.blocks {
                    (to.position(in: arena) + block * to.plane)
                        .copy(from: source + block * from.plane, count: row)
                }
            }
        }
    }
}
