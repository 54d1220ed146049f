import Compute
import Graph
import KernelInterface

/// Recurrence only from the output to the hidden layer (Jordan, 1986).
///
/// a^t = B + R f^{t−1} + W x^t; h^t = tanh(a^t); o^t = C + V h^t; f^t = o^t or softmax(o^t), as `feedback`
/// says; f^0 = 0 unless given. Inputs X [T, B, I], W [H, I], R [H, O], B [H] (optional), V [O, H], C [O],
/// initial_f [1, B, O] (optional); outputs Y [T, B, O] and Y_f [1, B, O], the vector fed back last.
struct Jordan: Operator {
    static let name = "Jordan"
    static let parameters = ["W", "R", "B", "V", "C"]
    let hiddenSize: Int?
    let feedsBackSoftmax: Bool
    let oneHotDepth: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let hidden = try attributes.int("hidden_size", default: 0)
        hiddenSize = hidden > 0 ? hidden : nil
        let feedback = try attributes.string("feedback", default: "output")
        guard feedback == "output" || feedback == "softmax" else {
            throw attributes.mismatch("feedback", "output or softmax", .string(feedback))
        }
        feedsBackSoftmax = feedback == "softmax"
        let depth = try attributes.int("one_hot_depth", default: 0)
        oneHotDepth = depth > 0 ? depth : nil
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let weights = try JordanWeights(node, plan: plan)
        if let hiddenSize, hiddenSize != weights.hidden {
            throw .shape(
                node: node.name,
                reason: "hidden is \(hiddenSize), the weights have \(weights.hidden)"
            )
        }
        let input = try plan.sequence(node, 0, depth: oneHotDepth)
        let sequence = try SequenceShape(plan.shape(of: input), node, oneHotDepth: oneHotDepth)
        guard sequence.inputs == weights.inputs else {
            throw .shape(
                node: node.name,
                reason:
                    "the input has \(sequence.inputs) features, the weights expect \(weights.inputs)"
            )
        }
        let perStep =
            2 * weights.hidden * weights.outputs
            + (oneHotDepth == nil ? weights.hidden * weights.inputs : 0)
        plan.count(sequence.steps * sequence.batch * perStep, for: node)
        try JordanLowering(
            node: node,
            weights: weights,
            sequence: sequence,
            feedsBackSoftmax: feedsBackSoftmax,
            isIndexed: oneHotDepth != nil
        ).lower(input, into: &plan)
    }
}

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
