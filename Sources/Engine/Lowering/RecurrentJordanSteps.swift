import Compute
import Graph
import KernelInterface

/// Lowers a Jordan layer: the input's part as one product, then for each time the hidden layer, the
/// output and, where it is fed back, its softmax.
///
/// Both products are plain recurrent cells: a sum over a state, started from what is added to it.
struct JordanLowering {
    let node: Node
    let weights: JordanWeights
    let sequence: SequenceShape
    let feedsBackSoftmax: Bool
    let isIndexed: Bool

    private var row: Int { sequence.batch * 16 }

    /// The values of one plan.
    private struct Values {
        let product: ValueID
        let initial: ValueID?
        let hidden: ValueID
        let output: ValueID
        /// softmax(o), where that is fed back.
        let softmax: ValueID?
        /// C once for every sequence, [output block][B][16].
        let bias: FloatStorage
        /// Two rows for the softmax, which wants its numbers side by side.
        let scratch: ValueID?
    }

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        let (batch, outputs) = (sequence.batch, weights.outputs)
        let values = Values(
            product: try product(input, into: &plan),
            initial: try initial(into: &plan),
            hidden: try plan.define("", [1, batch, weights.hidden], .points),
            output: try plan.define(node.outputs[0], [sequence.steps, batch, outputs], .points),
            softmax: feedsBackSoftmax ? try plan.define("", [1, batch, outputs], .points) : nil,
            bias: weights.repeatedOutputBias(batch: batch),
            scratch: feedsBackSoftmax ? try plan.scratch(2 * outputs) : nil
        )
        try plan.require(steps: sequence.steps)
        for time in 0..<sequence.steps {
            hiddenStep(time, values, into: &plan)
            outputStep(time, values, into: &plan)
            softmaxStep(time, values, into: &plan)
        }
        try finalFeedback(values, into: &plan)
    }

    /// B + W x^t of every time, [hidden block][T · B][16].
    private func product(
        _ input: ValueID,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> ValueID {
        let weights = weights
        let points = sequence.steps * sequence.batch
        let product = try plan.define("", [1, points, weights.hidden], .points)
        if isIndexed {
            let shape = TableShape(
                positions: points,
                depth: weights.inputs,
                vectors: blocks(of: weights.hidden)
            )
            plan.lookUpStep(node.name, input, to: product, shape, key: "\(weights.key)/table") {
                weights.packedTable()
            }
            return product
        }
        let source = try plan.value(input, as: .points)
        plan.productStep(
            node.name,
            ProductShape(
                points: points,
                inputBlocks: blocks(of: weights.inputs),
                outputBlocks: blocks(of: weights.hidden)
            ),
            from: source,
            to: product,
            key: "\(weights.key)/input"
        ) { table in
            weights.packedInput(for: table)
        }
        return product
    }

    /// f^0 [1, B, O] as points, or nil for zeros.
    private func initial(into plan: inout PlanBuilder) throws(ModelError) -> ValueID? {
        guard let given = try plan.optionalInput(node, 6) else { return nil }
        let expected: Shape = [1, sequence.batch, weights.outputs]
        guard plan.shape(of: given) == expected else {
            throw .inputShape(
                name: node.inputs[6],
                expected: "\(expected)",
                got: plan.shape(of: given)
            )
        }
        return try plan.value(given, as: .points)
    }

    /// h = tanh(product + R f).
    private func hiddenStep(_ time: Int, _ values: Values, into plan: inout PlanBuilder) {
        let (weights, row) = (weights, row)
        let fed = time == 0 ? values.initial : values.softmax ?? values.output
        let isOutput = time > 0 && values.softmax == nil
        let zeros = FloatStorage(count: fed == nil ? blocks(of: weights.outputs) * row : 0)
        cellStep(
            reads: [values.product] + [fed].compactMap { $0 },
            writes: values.hidden,
            units: weights.hidden,
            states: weights.outputs,
            activation: Activation.tanh,
            key: "feedback",
            pack: { weights.packedFeedback() },
            into: &plan
        ) { placement in
            let zero = Place(storage: zeros, offset: 0, row: 16, plane: row, image: 0)
            return CellPlaces(
                start: placement[values.product].moved(by: time * row),
                previous: fed.map {
                    placement[$0].moved(by: isOutput ? (time - 1) * row : 0)
                } ?? zero,
                target: placement[values.hidden]
            )
        }
    }

    /// o = C + V h.
    private func outputStep(_ time: Int, _ values: Values, into plan: inout PlanBuilder) {
        let (weights, row) = (weights, row)
        cellStep(
            reads: [values.hidden],
            writes: values.output,
            units: weights.outputs,
            states: weights.hidden,
            activation: Activation.none,
            key: "output",
            pack: { weights.packedOutput() },
            into: &plan
        ) { placement in
            CellPlaces(
                start: Place(storage: values.bias, offset: 0, row: 16, plane: row, image: 0),
                previous: placement[values.hidden],
                target: placement[values.output].moved(by: time * row)
            )
        }
    }

    /// What a sum starts from, what it goes over, and where it ends.
    private struct CellPlaces {
        let start: Place
        let previous: Place
        let target: Place
    }

    /// target = f(start + M previous), `units` of them, each a sum over `states`.
    private func cellStep(
        reads: [ValueID],
        writes: ValueID,
        units: Int,
        states: Int,
        activation: Activation,
        key: String,
        pack: @escaping @Sendable () -> PackedLayer,
        into plan: inout PlanBuilder,
        places: @escaping (Placement) -> CellPlaces
    ) {
        let (table, store, batch) = (plan.kernels, plan.weights, sequence.batch)
        let key = "\(weights.key)/\(key)"
        let count = blocks(of: units)
        let width = Cell.rnn(activation)
            .blocksPerChunk(gates: 1, hidden: states, batch: batch)
        let chunks = (count + width - 1) / width
        plan.step(node.name, chunks: chunks, reads: reads, writes: [writes]) {
            (placement) throws(ModelError) in
            let packed = try store.layer(key, pack: pack)
            let places = places(placement)
            let geometry = RecurrentGeometry(
                cell: .RNN,
                hidden: states,
                batch: batch,
                productPlane: places.start.plane,
                previousPlane: places.previous.plane,
                hiddenPlane: places.target.plane,
                statePlane: 0,
                activation: activation
            )
            return { arena, chunk in
                let target = places.target.position(in: arena)
                table.recur(
                    geometry,
                    product: places.start.position(in: arena),
                    previous: places.previous.position(in: arena),
                    weights: packed.weights.start,
                    bias: packed.bias.start,
                    // The plain cell has none of these.
                    states: (target, target, target),
                    hidden: target,
                    blocks: chunk * width..<min((chunk + 1) * width, count)
                )
            }
        }
    }

    /// f = softmax(o), one sequence after the other.
    private func softmaxStep(_ time: Int, _ values: Values, into plan: inout PlanBuilder) {
        guard let softmax = values.softmax, let scratch = values.scratch else { return }
        let (row, batch, count, table) = (row, sequence.batch, weights.outputs, plan.kernels)
        plan.step(
            node.name,
            chunks: 1,
            reads: [values.output],
            writes: [softmax, scratch]
        ) { placement in
            let (from, to) = (placement[values.output].moved(by: time * row), placement[softmax])
            let rows = placement[scratch]
            return { arena, _ in
                let gathered = rows.position(in: arena)
                for sequence in 0..<batch {
                    let source = from.position(in: arena) + sequence * 16
                    let target = to.position(in: arena) + sequence * 16
                    for unit in 0..<count {
                        gathered[unit] = source[unit / 16 * from.plane + unit % 16]
                    }
                    table.softmax(gathered, into: gathered + count, count: count)
                    for unit in 0..<count {
                        target[unit / 16 * to.plane + unit % 16] = gathered[count + unit]
                    }
                }
            }
        }
    }

    /// Y_f: the vector that the next step would be fed.
    private func finalFeedback(
        _ values: Values,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        guard node.outputs.count > 1, !node.outputs[1].isEmpty else { return }
        let last = try plan.define(
            node.outputs[1],
            [1, sequence.batch, weights.outputs],
            .points
        )
        let source = values.softmax ?? values.output
        let offset = values.softmax == nil ? (sequence.steps - 1) * row : 0
        let (row, count) = (row, blocks(of: weights.outputs))
        plan.step(node.name, chunks: 1, reads: [source], writes: [last]) { placement in
            let (from, to) = (placement[source].moved(by: offset), placement[last])
            return { arena, _ in
                for block in 0..<count {
                    (to.position(in: arena) + block * to.plane)
                        .copy(from: from.position(in: arena) + block * from.plane, count: row)
                }
            }
        }
    }
}
