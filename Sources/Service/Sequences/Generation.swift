import Glibc
import Graph
import Models
import TensorFormats

/// Symbols drawn from a model one after the other; a value, which may stop and go on anywhere.
struct Generation: Sendable {
    let symbols: SymbolModel
    let settings: GenerationSettings
    /// What the model reads: the prompt, then each symbol drawn.
    var run: SequenceRun
    private var sampler: Sampler
    /// Of the last symbol read.
    private var scores: [Double] = []
    private(set) var drawn: [Int32] = []

    init(
        _ settings: GenerationSettings,
        after prompt: [Int32],
        from start: CarriedState,
        _ symbols: SymbolModel
    ) {
        self.symbols = symbols
        self.settings = settings
        sampler = Sampler(
            temperature: settings.temperature,
            topK: settings.topK,
            seed: UInt64(bitPattern: Int64(settings.seed))
        )
        run = SequenceRun(symbols.model, prompt, from: start, outputs: [symbols.scores])
        scores = run.rest == 0 ? symbols.scores(of: start.scores.span) : []
    }

    /// Where the text stands: its last symbol is drawn and not read.
    var carried: CarriedState {
        CarriedState(state: run.state, unread: run.rest > 0 ? run.next : nil)
    }

    /// Symbols read before and those drawn, of which the last is not read yet.
    var position: Int { run.position + run.rest }

    /// The share of the symbols that are still to be drawn.
    var remaining: Double { 1 - Double(drawn.count) / Double(settings.length) }

    /// Whether all symbols that were asked for are drawn.
    var isComplete: Bool { drawn.count == settings.length }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        guard step == run.tokens.count - 1 else { return }
        scores = try rows.withRow(0) { (row) throws(ModelError) in symbols.scores(of: row) }
    }

    /// Draws a symbol, once all before it were read.
    mutating func draw() throws(ServiceError) -> Int32 {
        if let index = scores.firstIndex(where: \.isNaN) {
            throw .nonFiniteResult(output: symbols.scores, index: index)
        }
        let symbol = Int32(sampler.draw(from: scores))
        drawn.append(symbol)
        run.goOn(with: [symbol])
        return symbol
    }
}

extension SymbolModel {
    /// The logits of a row, or the logarithms of its probabilities where the model has no logits.
    fileprivate func scores(of row: Span<Float>) -> [Double] {
        row.indices.map { logits != nil ? Double(row[$0]) : log(Double(row[$0])) }
    }
}

extension Generation {
    /// The whole answer so far.
    var document: JSON {
        [
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "text": .string(symbols.vocabulary.decode(drawn)),
            "tokens": .integers(drawn.map { Int($0) }),
            "seed": .integer(settings.seed),
            "position": .integer(position),
        ]
    }
}
