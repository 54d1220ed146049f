import Graph
import Models
import Telemetry

extension Call {
    /// The probabilities of all labels after the last symbol of each of the body's sequences.
    mutating func classifySequences(
        of vocabulary: Vocabulary,
        through model: Model,
        output: String
    ) throws(ServiceError) -> [[Float]] {
        let sequences = try sequences(of: vocabulary, keys: .several)
        try checkAnswer(numbers: sequences.count * model.manifest.labels.count)
        stopwatch.enter(.compute)
        var rows: [[Float]] = []
        for sequence in sequences {
            var state = model.initialState()
            var row: [Float] = []
            try advance(model, sequence.tokens, state: &state, output: output) {
                (step, values) throws(ModelError) in
                if step == sequence.tokens.count - 1 { row = [Float](copying: values) }
            }
            rows.append(row)
        }
        return rows
    }
}
