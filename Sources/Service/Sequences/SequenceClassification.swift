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
        guard session == nil || sequences.count == 1 else {
            throw .unwantedField("texts", reason: "one text in a session", got: "several")
        }
        let start = session?.start ?? CarriedState(state: model.initialState())
        stopwatch.enter(.compute)
        var rows: [[Float]] = []
        for sequence in sequences {
            var run = SequenceRun(model, sequence.tokens, from: start, outputs: [output])
            var row: [Float] = []
            let last = run.tokens.count - 1
            while run.rest > 0 {
                try run.advance(cancellation) { (step, rows) throws(ModelError) in
                    guard step == last else { return }
                    row = try rows.withRow(0) { values in [Float](copying: values) }
                }
            }
            rows.append(row)
            carriedAnswer = try carry(CarriedState(state: run.state), addsPosition: true)
        }
        return rows
    }
}
