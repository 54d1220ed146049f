import Compute
import Graph

// Where a layer's states come from and where they go.
extension RecurrentLowering {
    /// An initial state [D, B, H] as points, or nil for zeros.
    func initial(
        _ index: Int,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID? {
        guard let given = try plan.optionalInput(node, index) else { return nil }
        let expected: Shape = [sizes.directions, sizes.batch, sizes.hidden]
        guard plan.shape(of: given) == expected else {
            throw .inputShape(
                name: node.inputs[index],
                expected: "\(expected)",
                got: plan.shape(of: given)
            )
        }
        return try plan.value(given, as: .points)
    }

    /// One direction's cell state, a copy of its initial value that the steps advance in place.
    func cellState(
        _ direction: Int,
        _ given: ValueID?,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        // A layer of one direction advances its answer itself.
        let isAnswer = sizes.directions == 1 && node.outputs.count > 2
        let state = try points(isAnswer ? node.outputs[2] : "", sizes, into: &plan)
        let (row, blocks) = (sizes.row, sizes.blocks)
        plan.step(
            node.name,
            chunks: 1,
            reads: given.map { [$0] } ?? [],
            writes: [state]
        ) { placement in
            let (from, to) = (given.map { placement[$0] }, placement[state])
            return { arena, _ in
                let target = to.position(in: arena)
                guard let from else { return target.fill(0, count: blocks * to.plane) }
                let source = from.position(in: arena) + direction * row
                for block in 0..<blocks {
                    (target + block * to.plane).copy(from: source + block * from.plane, count: row)
                }
            }
        }
        return state
    }

    /// Y_h and Y_c [D, B, H]: each direction's states after the last element it read.
    func finalStates(
        _ passes: [DirectedPass],
        _ state: State,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let shape: Shape = [sizes.directions, sizes.batch, sizes.hidden]
        if node.outputs.count > 1, !node.outputs[1].isEmpty {
            let last = try plan.define(node.outputs[1], shape, .points)
            for pass in passes {
                let time = pass.time(sizes.steps - 1, sizes)
                let from = (time * sizes.directions + pass.index) * sizes.row
                copy(state.hidden, at: from, to: last, pass, sizes, into: &plan)
            }
        }
        guard sizes.directions > 1, node.outputs.count > 2, !node.outputs[2].isEmpty else { return }
        let last = try plan.define(node.outputs[2], shape, .points)
        for pass in passes {
            guard let cell = pass.cell else { continue }
            copy(cell, at: 0, to: last, pass, sizes, into: &plan)
        }
    }

    private func copy(
        _ source: ValueID,
        at offset: Int,
        to target: ValueID,
        _ pass: DirectedPass,
        _ sizes: Sizes,
        into plan: inout PlanBuilder
    ) {
        // Not the pass itself: a step lives as long as its plan, and should not keep weights.
        let (row, blocks, index) = (sizes.row, sizes.blocks, pass.index)
        plan.step(node.name, chunks: 1, reads: [source], writes: [target]) { placement in
            let (from, to) = (placement[source], placement[target])
            return { arena, _ in
                let source = from.position(in: arena) + offset
                let target = to.position(in: arena) + index * row
                for block in 0..<blocks {
                    (target + block * to.plane).copy(from: source + block * from.plane, count: row)
                }
            }
        }
    }
}
