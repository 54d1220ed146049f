import Glibc
import Graph

/// What the numbers of a classifier's output are: `scores` in model.json, else told from the last operator.
public enum ClassScores: String, CaseIterable, Sendable {
    /// They are the answer.
    case probabilities
    /// Their softmax is the answer.
    case logits
    /// The sigmoid of each: classes that do not exclude each other.
    case sigmoid
    /// Their exponentials are the answer.
    case logarithms

    /// Told from what makes the first of the outputs: a distribution, its logarithm, or anything else.
    init(of outputs: [String], in graph: Graph) {
        var makers: [String: Node] = [:]
        for node in graph.nodes {
            for name in node.outputs { makers[name] = node }
        }
        var name = outputs.first ?? ""
        while let node = makers[name], Self.passing.contains(node.op), let first = node.inputs.first
        {
            makers[name] = nil
            name = first
        }
        guard let node = makers[name] else {
            self = .logits
            return
        }
        let isQuotient = node.op == "Div" && node.inputs.first.flatMap { makers[$0]?.op } == "Exp"
        switch node.op.split(separator: ".").last ?? "" {
        case "Softmax", "Hardmax", "Sigmoid", "HardSigmoid", "QLinearSoftmax", "QLinearSigmoid":
            self = .probabilities
        case "LogSoftmax": self = .logarithms
        default: self = isQuotient ? .probabilities : .logits
        }
    }

    /// Operators that leave the numbers what they are.
    private static let passing: Set = [
        "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast", "Dropout",
        "QuantizeLinear", "DequantizeLinear",
    ]

    /// The probabilities that a row of numbers says, computed in double precision; NaN stays what it is.
    ///
    /// - Throws: `invalidManifest` where numbers that are said to be probabilities are none.
    func probabilities(_ row: [Float], output: String) throws(ModelError) -> [Float] {
        switch self {
        case .probabilities:
            // A sum may be rounded up.
            if let odd = row.first(where: { $0 < -1e-3 || $0 > 1.001 }) {
                throw .invalidManifest(
                    field: "model.json, scores",
                    expected: "\"logits\" or \"sigmoid\", as \"\(output)\" has the number \(odd)",
                    got: "\"probabilities\""
                )
            }
            return row.map { $0 < 0 ? 0 : $0 > 1 ? 1 : $0 }
        case .logits:
            let most = Double(row.max() ?? 0)
            let powers = row.map { exp(Double($0) - most) }
            let sum = powers.reduce(0, +)
            return powers.map { Float($0 / sum) }
        case .sigmoid: return row.map { Float(1 / (1 + exp(-Double($0)))) }
        case .logarithms: return row.map { Float(min(1, exp(Double($0)))) }
        }
    }
}
