import Compute
import Graph

/// Constant weights of a recurrent layer in ONNX's form, of one direction.
struct RecurrentWeights: Sendable {
    let key: String
    let gates: Int
    let inputs: Int
    let hidden: Int
    /// W [gates · hidden, inputs].
    let input: StoredFloats
    /// R [gates · hidden, hidden].
    let recurrent: StoredFloats
    /// B [2 · gates · hidden]: Wb, then Rb.
    let bias: [Float]
    /// W and R of all directions, where rows that they are multiplied by are rounded.
    let inputIntegers: QuantizedNumbers?
    let recurrentIntegers: QuantizedNumbers?
    let direction: Int

    /// The weights of direction `direction` of `directions`.
    init(
        _ node: Node,
        gates: Int,
        direction: Int,
        of directions: Int,
        plan: PlanBuilder
    ) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard let w = plan.constant(node, 1), let r = plan.constant(node, 2),
            let input = w.storedFloats, let recurrent = r.storedFloats, w.shape.rank == 3,
            r.shape.rank == 3,
            w.shape[0] == directions, r.shape[0] == directions
        else { throw fail("W and R must be constants [\(directions), gates · hidden, …]") }
        let hidden = r.shape[2]
        guard hidden >= 1, r.shape[1] == gates * hidden, w.shape[1] == gates * hidden,
            w.shape.count == input.count, r.shape.count == recurrent.count
        else {
            throw fail("W \(w.shape) and R \(r.shape) do not fit a layer of \(gates) gates")
        }
        var bias = [Float](repeating: 0, count: 2 * gates * hidden)
        if node.inputs.count > 3, !node.inputs[3].isEmpty {
            guard let given = plan.constant(node, 3)?.floats,
                given.count == directions * bias.count
            else { throw fail("B must be a constant of \(directions * bias.count) numbers") }
            bias = Array(given[direction * bias.count..<(direction + 1) * bias.count])
        }
        // W, R and B: plans with and without initial states share what is packed.
        let names = node.inputs.dropFirst().prefix(3).joined(separator: "|")
        key = "\(node.op)/\(names)/\(direction)"
        self.gates = gates
        inputs = w.shape[2]
        self.hidden = hidden
        self.input = input.part(direction, of: directions)
        self.recurrent = recurrent.part(direction, of: directions)
        self.bias = bias
        self.direction = direction
        inputIntegers = w.quantized.flatMap { $0.roundsRows ? $0 : nil }
        recurrentIntegers = r.quantized.flatMap { $0.roundsRows ? $0 : nil }
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
