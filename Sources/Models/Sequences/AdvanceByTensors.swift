import Engine
import Graph

extension Model {
    /// One chunk of symbols through an ONNX file that computes some of its nodes one by one.
    func advanceByTensors(
        _ tokens: Tensor,
        in sequence: inout SequenceInProgress,
        outputs: [String],
        isCancelled: () -> Bool,
        indices: Range<Int>,
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        let states = carriedStates
        var inputs = [manifest.input.name: tokens]
        for (pair, tensor) in zip(states, sequence.state.tensors) { inputs[pair.input] = tensor }
        let names = outputs + states.map(\.output)
        let answer = ImportedRows(
            tensors: try execute(inputs, outputs: names, isCancelled: isCancelled)
        )
        try SequenceSource.tensors(answer).handOver(outputs, indices, each)
        var after: [Tensor] = []
        for pair in states {
            let values = try answer.floats(pair.output)
            guard values.count == pair.count else {
                let shape = try answer.shape(of: pair.output)
                throw .inputShape(name: pair.output, expected: "\(pair.shape)", got: shape)
            }
            after.append(Tensor(shape: pair.shape, floats: values))
        }
        sequence.move(by: indices.count, to: after)
    }
}

/// Values of an ONNX file.
struct ImportedRows {
    let tensors: [(name: String, tensor: Tensor)]

    func shape(of name: String) throws(ModelError) -> Shape { try tensor(name).shape }

    func floats(_ name: String) throws(ModelError) -> [Float] {
        guard let floats = try tensor(name).floats else {
            throw .shape(node: name, reason: "its values are not float32")
        }
        return floats
    }

    private func tensor(_ name: String) throws(ModelError) -> Tensor {
        guard let found = tensors.first(where: { $0.name == name })?.tensor,
            found.shape.rank > 0
        else {
            throw .shape(node: name, reason: "it is not a value for each step")
        }
        return found
    }
}
