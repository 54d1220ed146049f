import Models
import TensorFormats

/// What each symbol of a sequence adds to a class or to the next symbol, in bits.
struct ExplainedSymbols {
    let model: Model
    let vocabulary: Vocabulary
    let tokens: [Int32]
    let explanation: Explanation

    func answer(_ form: AnswerForm) throws(ServiceError) -> Answer {
        let bits = explanation.values
        switch form {
        case .npy: return Answer(.npy, body: NPY.encode(shape: [bits.count], values: bits.span))
        case .csv:
            let rows = zip(tokens, bits).enumerated().map { step, pair in
                [String(step + 1), symbol(pair.0), String(pair.0), pair.1.description]
            }
            return Answer(
                .csv,
                body: CSV.encode(header: ["step", "symbol", "index", "bits"], rows: rows)
            )
        case .png:
            throw .invalidValue(
                field: "Accept",
                expected:
                    "application/json, text/csv or application/x-npy, as symbols are no picture",
                got: "image/png"
            )
        default:
            return Answer(.answer(of: model, [members]))
        }
    }

    /// What is explained, and the bits of each step.
    var members: [(String, JSON)] {
        let steps = zip(tokens, explanation.values).map { token, bits -> JSON in
            [
                "symbol": .string(symbol(token)), "index": .integer(Int(token)),
                "bits": .float(bits),
            ]
        }
        return [
            ("method", "occlusion"), ("target", explanation.document(name)),
            ("steps", .array(steps)),
        ]
    }

    private func symbol(_ token: Int32) -> String { vocabulary.symbols[Int(token)] }

    private func name(_ index: Int) -> String {
        model.manifest.task == .nextSymbol
            ? vocabulary.symbols[index] : model.manifest.label(of: index)
    }
}
