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
        if let integers = weights.inputIntegers {
            let rows = try RoundedRows(
                sizes.steps * sizes.batch,
                channels: sizes.inputs,
                into: &plan
            )
            rows.round(source, for: node, into: &plan)
            rows.multiply(
                by: try weights.packed(integers, "input", for: node, plan),
                plus: Packing.vector(bias, weights.order(sizes.hidden)),
                to: product,
                for: node,
                into: &plan
            )
            return product
        }
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

    var activation: Activation {
        if case .rnn(let activation) = self { activation } else { Activation.tanh }
    }

    /// Enough hidden blocks that a chunk is worth handing over (about a microsecond).
    ///
    /// A few sequences need several blocks at once for enough sums; many have them in one, or in two where a block has a
    /// single gate.
    func blocksPerChunk(gates: Int, hidden: Int, batch: Int) -> Int {
        let perBlock = max(1, hidden * gates * 16 * batch)
        let useful = (65_536 + perBlock - 1) / perBlock
        let together = batch < 4 ? blocksPerChunk : gates == 1 ? 2 : 1
        return (useful + together - 1) / together * together
    }
}
