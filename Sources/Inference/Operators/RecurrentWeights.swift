import Compute

/// Constant weights of a recurrent layer in ONNX's form, one direction.
struct RecurrentWeights: Sendable {
    let key: String
    let gates: Int
    let inputs: Int
    let hidden: Int
    /// W [gates · hidden, inputs].
    let input: [Float]
    /// R [gates · hidden, hidden].
    let recurrent: [Float]
    /// B [2 · gates · hidden]: Wb, then Rb.
    let bias: [Float]

    init(_ node: Node, gates: Int, plan: PlanBuilder) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard let w = plan.constant(node, 1), let r = plan.constant(node, 2),
            let input = w.floats, let recurrent = r.floats, w.shape.rank == 3, r.shape.rank == 3,
            w.shape[0] == 1, r.shape[0] == 1
        else { throw fail("W and R must be constants [1, gates · hidden, …]") }
        let hidden = r.shape[2]
        guard hidden >= 1, r.shape[1] == gates * hidden, w.shape[1] == gates * hidden,
            w.shape.count == input.count, r.shape.count == recurrent.count
        else {
            throw fail("W \(w.shape) and R \(r.shape) do not fit a layer of \(gates) gates")
        }
        var bias = [Float](repeating: 0, count: 2 * gates * hidden)
        if node.inputs.count > 3, !node.inputs[3].isEmpty {
            guard let given = plan.constant(node, 3)?.floats, given.count == bias.count else {
                throw fail("B must be a constant of \(bias.count) numbers")
            }
            bias = given
        }
        // W, R and B: plans with and without initial states share what is packed.
        key = "\(node.op)/\(node.inputs.dropFirst().prefix(3).joined(separator: "|"))"
        self.gates = gates
        inputs = w.shape[2]
        self.hidden = hidden
        self.input = input
        self.recurrent = recurrent
        self.bias = bias
    }

    /// Wb + Rb per gate; a GRU that resets after the product keeps the hidden gate's Rb for its kernel.
    func inputBias(keepsHiddenGate: Bool) -> [Float] {
        let count = gates * hidden
        return (0..<count).map { index in
            keepsHiddenGate && index >= 2 * hidden
                ? bias[index] : bias[index] + bias[count + index]
        }
    }

    /// Rb of the last gate.
    var hiddenGateBias: [Float] {
        Array(bias[(2 * gates * hidden - hidden)...])
    }
}
