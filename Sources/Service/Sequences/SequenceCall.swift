import Graph
import Models

/// A next-symbol model as the sequence routes use it.
struct SymbolModel {
    let model: Model
    let vocabulary: Vocabulary
    /// The value with the probabilities of the next symbol.
    let probabilities: String
    /// The value before the softmax, where the manifest names it.
    let logits: String?

    /// The layers whose rows say what comes next: the probabilities first, then where the scores are, if elsewhere.
    var rows: [String] { [probabilities] + (logits.map { [$0] } ?? []) }

    /// The scores after a step of a run for `rows`, where they are few enough to be carried.
    func carriedScores(_ step: SequenceRows) throws(ModelError) -> [Float] {
        guard vocabulary.symbols.count <= CarriedState.mostScores else { return [] }
        return try step.withRow(logits == nil ? 0 : 1) { row in [Float](copying: row) }
    }

    /// Where scores for losses and draws come from: the logits, or else the probabilities.
    var scores: String { logits ?? probabilities }

    /// Nil for a model that does not predict symbols.
    init?(_ model: Model) {
        guard case .tokens(_, let vocabulary) = model.manifest.input,
            model.manifest.task == .nextSymbol, let output = model.manifest.outputs.first
        else { return nil }
        self.model = model
        self.vocabulary = vocabulary
        probabilities = output
        logits = model.manifest.logits
    }
}

extension Call {
    /// The path's model, if it predicts symbols.
    func symbolModel() throws(ServiceError) -> SymbolModel {
        let model = try model
        guard let symbols = SymbolModel(model) else {
            throw .wrongTask(
                model,
                model.manifest.input.symbolCount == nil
                    ? "take a sequence of symbols" : "predict the next symbol"
            )
        }
        return symbols
    }

    /// The path's model, if the route is among what it offers; `operation` is what it cannot do otherwise.
    func model(thatCan operation: String) throws(ServiceError) -> Model {
        let model = try model
        guard model.manifest.operations.contains(route.operation) else {
            throw .wrongTask(model, operation)
        }
        return model
    }

    /// The body's sequence, of at least a symbol.
    func sequence(for symbols: SymbolModel) throws(ServiceError) -> SentSequence {
        try sequences(of: symbols.vocabulary)[0]
    }

    /// The text to go on with, and the state that it goes on from; there need be no text behind a known state.
    mutating func prompt(
        for symbols: SymbolModel
    ) throws(ServiceError) -> (prompt: SentSequence, start: CarriedState) {
        let reader = SequenceReader(
            vocabulary: symbols.vocabulary,
            limit: configuration.sequenceLimit,
            keys: .options,
            allowsNothing: true
        )
        let prompt = try reader.sequences(of: request)[0]
        let start = try carriedState(of: symbols.model, prompt.options.carried)
        guard !prompt.tokens.isEmpty || start.unread != nil || !start.scores.isEmpty else {
            guard prompt.isAbsent else {
                throw .emptySequence(field: prompt.field, atLeast: 1)
            }
            throw .missingField("text", expected: "one of the keys \"text\" and \"tokens\"")
        }
        return (prompt, start)
    }

    /// The body's sequences, at least one; each of at least `minimum` symbols.
    func sequences(
        of vocabulary: Vocabulary,
        atLeast minimum: Int = 1,
        keys: SequenceReader.Keys = .none
    ) throws(ServiceError) -> [SentSequence] {
        let reader = SequenceReader(
            vocabulary: vocabulary,
            limit: configuration.sequenceLimit,
            keys: keys
        )
        let sequences = try reader.sequences(of: request)
        if let short = sequences.first(where: { $0.tokens.count < minimum }) {
            throw .emptySequence(field: short.field, atLeast: minimum)
        }
        return sequences
    }
}
