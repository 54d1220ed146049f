import Glibc
import Graph
public import Models

/// How well a model predicts a text: the state is carried from its start to its end.
public struct SymbolScore: Sendable {
    /// Symbols that were predicted: all but the first.
    public let symbols: Int
    /// Nats.
    public let total: Double

    public var bitsPerSymbol: Double { total / log(2) / Double(symbols) }

    /// Scores a text; `progress` is called with the number of symbols done.
    public static func measure(
        _ model: Model,
        text: String,
        progress: (Int) -> Void
    ) throws(EvaluationError) -> SymbolScore {
        guard let symbols = SymbolModel(model) else { throw .noSymbolModel(model.name) }
        let tokens: [Int32]
        do throws(VocabularyError) {
            tokens = try symbols.vocabulary.encode(text)
        } catch {
            throw .invalidData(file: "text", reason: error.description)
        }
        guard tokens.count >= 2 else {
            throw .invalidData(file: "text", reason: "a score needs at least 2 symbols")
        }
        var total = 0.0
        var state = model.initialState()
        let given = Array(tokens.dropLast())
        do throws(ModelError) {
            try model.advance(given, state: &state, outputs: [symbols.scores]) {
                (step, rows) throws(ModelError) in
                total += try rows.withRow(0) { row throws(ModelError) in
                    symbols.loss(of: row, target: Int(tokens[step + 1]))
                }
                progress(step + 1)
            }
        } catch {
            throw .service(.model(error))
        }
        return SymbolScore(symbols: given.count, total: total)
    }
}
