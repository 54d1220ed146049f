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

    /// The body's sequence; at least `minimum` symbols.
    func sequence(
        for symbols: SymbolModel,
        atLeast minimum: Int = 1,
        allowsOptions: Bool = false
    ) throws(ServiceError) -> SentSequence {
        try sequences(
            of: symbols.vocabulary,
            atLeast: minimum,
            keys: allowsOptions ? .options : .none
        )[0]
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

    /// Runs tokens through the model; `each` gets the row of `output` after every token.
    func advance(
        _ model: Model,
        _ tokens: [Int32],
        state: inout SequenceState,
        output: String,
        each: (_ step: Int, _ row: Span<Float>) throws(ModelError) -> Void
    ) throws(ServiceError) {
        do throws(ModelError) {
            try model.advance(
                tokens,
                state: &state,
                outputs: [output],
                isCancelled: { cancellation.isCancelled },
                each: { (step, rows) throws(ModelError) in
                    try rows.withRow(0) { (row) throws(ModelError) in try each(step, row) }
                }
            )
        } catch {
            throw cancellation.explain(error)
        }
    }
}
