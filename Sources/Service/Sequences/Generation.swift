import Foundation
import Graph
import Models
import TensorFormats

/// Symbols drawn from a model one after the other; a value, which may stop and go on anywhere.
struct Generation: Sendable {
    let symbols: SymbolModel
    let settings: GenerationSettings
    private let promptCount: Int
    private var sampler: Sampler
    private var state: SequenceState
    /// What the model has not read yet.
    private var pending: [Int32]
    private(set) var drawn: [Int32] = []

    init(_ settings: GenerationSettings, after prompt: [Int32], _ symbols: SymbolModel) {
        self.symbols = symbols
        self.settings = settings
        promptCount = prompt.count
        sampler = Sampler(
            temperature: settings.temperature,
            topK: settings.topK,
            seed: UInt64(bitPattern: Int64(settings.seed))
        )
        state = symbols.model.initialState()
        pending = prompt
    }

    /// Symbols of the prompt and those drawn.
    var position: Int { promptCount + drawn.count }

    /// The share of the symbols that are still to be drawn.
    var remaining: Double { 1 - Double(drawn.count) / Double(settings.length) }

    /// Draws a symbol; nil once there are as many as were asked for.
    mutating func next(_ call: Call) throws(ServiceError) -> Int32? {
        guard drawn.count < settings.length else { return nil }
        let output = symbols.scores
        var scores: [Double] = []
        let last = pending.count - 1
        try call.advance(symbols.model, pending, state: &state, output: output) {
            (step, row) throws(ModelError) in
            if step == last { scores = symbols.scores(of: row) }
        }
        if let index = scores.firstIndex(where: \.isNaN) {
            throw .nonFiniteResult(output: output, index: index)
        }
        let symbol = Int32(sampler.draw(from: scores))
        drawn.append(symbol)
        pending = [symbol]
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
