import Compute
import Graph
import KernelInterface

/// The constant matrices of a Jordan layer.
struct JordanWeights: Sendable {
    let key: String
    let inputs: Int
    let hidden: Int
    let outputs: Int
    /// W [H, I].
    let input: [Float]
    /// R [H, O].
    let feedback: [Float]
    /// B [H].
    let hiddenBias: [Float]
    /// V [O, H].
    let output: [Float]
    /// C [O].
    let outputBias: [Float]

    init(_ node: Node, plan: PlanBuilder) throws(ModelError) {
        func matrix(_ index: Int, _ name: String) throws(ModelError) -> Tensor {
            guard let tensor = plan.constant(node, index), tensor.shape.rank == 2,
                tensor.floats?.count == tensor.shape.count, tensor.shape.count > 0
            else {
                throw .shape(node: node.name, reason: "\(name) must be a constant matrix")
            }
            return tensor
        }
        let (w, r) = try (matrix(1, "W"), matrix(2, "R"))
        let v = try matrix(4, "V")
        (inputs, hidden, outputs) = (w.shape[1], w.shape[0], v.shape[0])
        guard r.shape == [hidden, outputs], v.shape == [outputs, hidden] else {
            throw .shape(
                node: node.name,
                reason: "W \(w.shape), R \(r.shape) and V \(v.shape) are not [H, I], [H, O], [O, H]"
            )
        }
        func vector(_ index: Int, _ name: String, _ count: Int) throws(ModelError) -> [Float] {
            guard let values = plan.constant(node, index)?.floats, values.count == count else {
                throw .shape(
                    node: node.name,
                    reason: "\(name) must be a constant of \(count) numbers"
                )
            }
            return values
        }
        let hasBias = node.inputs.count > 3 && !node.inputs[3].isEmpty
        hiddenBias = try hasBias ? vector(3, "B", hidden) : Array(repeating: 0, count: hidden)
        outputBias = try vector(5, "C", outputs)
        input = w.floats ?? []
        feedback = r.floats ?? []
        output = v.floats ?? []
        key = "Jordan/" + node.inputs.dropFirst().prefix(5).joined(separator: "|")
    }

    func packedInput(for table: KernelSet) -> PackedLayer {
        PackedLayer(
            weights: Packing.dense(
                input,
                .plain(hidden),
                inputs: inputs,
                outputs: hidden,
                isInputMajor: false,
                for: table
            ),
            bias: Packing.vector(hiddenBias, .plain(hidden))
        )
    }

    /// W's column of each one-hot input, B added: [inputs][hidden block][16].
    func packedTable() -> PackedLayer {
        let width = blocks(of: hidden) * 16
        let table = PackedWeights(count: inputs * width) { target in
            for column in 0..<inputs {
                for unit in 0..<hidden {
                    target[column * width + unit] =
                        input[unit * inputs + column] + hiddenBias[unit]
                }
            }
        }
        return PackedLayer(weights: table, bias: Packing.vector([], .plain(0)))
    }

    func packedFeedback() -> PackedLayer {
        PackedLayer(
            weights: Packing.recurrent(feedback, units: hidden, states: outputs),
            bias: Packing.vector([], .plain(0))
        )
    }

    func packedOutput() -> PackedLayer {
        PackedLayer(
            weights: Packing.recurrent(output, units: outputs, states: hidden),
            bias: Packing.vector(outputBias, .plain(outputs))
        )
    }

    /// C for each of `batch` sequences: [output block][B][16].
    func repeatedOutputBias(batch: Int) -> FloatStorage {
        let storage = FloatStorage(count: blocks(of: outputs) * batch * 16)
        for unit in 0..<outputs {
            for sequence in 0..<batch {
                storage[(unit / 16 * batch + sequence) * 16 + unit % 16] = outputBias[unit]
            }
        }
        return storage
    }
}
