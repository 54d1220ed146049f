import Foundation
import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/score`: how surprised the model is by a sequence.
enum Score {
    static let route = Route(
        method: .post,
        template: "/models/{model}/score",
        summary: "Loss of each symbol given those before it, total, bits per symbol, perplexity.",
        body: .sequence,
        placement: .queue,
        forms: [.json, .npy, .csv],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: SequenceReader.schema("ScoredSequence"),
        requestExample: ["text": "In the beginning"],
        answer: Schema.answer(
            "SequenceScore",
            [
                ("losses", Schema.numbers), ("total", Schema.number),
                ("bits_per_symbol", Schema.number), ("perplexity", Schema.number),
            ]
        ),
        answerExample: [
            "model": "scripture", "version": "2", "losses": [.number(0.21)],
            "total": .number(0.21), "bits_per_symbol": .number(0.3),
            "perplexity": .number(1.23),
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let form = call.form
        let tokens = try call.sequence(for: symbols, atLeast: 2).tokens
        call.stopwatch.enter(.compute)
        let losses = try losses(of: tokens, symbols, call)
        call.stopwatch.enter(.encode)
        switch form {
        case .npy: return npy(losses)
        case .csv: return csv(losses, tokens, symbols)
        default: return json(losses, tokens, symbols)
        }
    }

    /// Nats of every symbol but the first.
    private static func losses(
        of tokens: [Int32],
        _ symbols: SymbolModel,
        _ call: Call
    ) throws(ServiceError) -> [Double] {
        var losses: [Double] = []
        losses.reserveCapacity(tokens.count - 1)
        var state = symbols.model.initialState()
        let given = Array(tokens.dropLast())
        try call.advance(symbols.model, given, state: &state, output: symbols.scores) {
            (step, row) throws(ModelError) in
            losses.append(symbols.loss(of: row, target: Int(tokens[step + 1])))
        }
        if let step = losses.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteResult(output: symbols.scores, index: step)
        }
        return losses
    }

    private static func json(
        _ losses: [Double],
        _ tokens: [Int32],
        _ symbols: SymbolModel
    ) -> Answer {
        let total = losses.reduce(0, +)
        let mean = total / Double(losses.count)
        let scored = "1…\(losses.count): the first symbol is given, none comes before it"
        return Answer([
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "symbols": .integer(tokens.count),
            "scored": .string(scored),
            "losses": .tensor(shape: [losses.count], values: losses.map { Float($0) }),
            "total": .number(total), "unit": "nat",
            "bits_per_symbol": .number(mean / log(2)), "perplexity": .number(exp(mean)),
        ])
    }

    private static func npy(_ losses: [Double]) -> Answer {
        let values = losses.map { Float($0) }
        return Answer(.npy, body: NPY.encode(shape: [values.count], values: values.span))
    }

    private static func csv(
        _ losses: [Double],
        _ tokens: [Int32],
        _ symbols: SymbolModel
    ) -> Answer {
        let lines = losses.enumerated().map { step, loss in
            let token = Int(tokens[step + 1])
            let symbol = symbols.vocabulary.symbols[token]
            return [String(step + 1), symbol, String(token), Float(loss).description]
        }
        let header = ["position", "symbol", "index", "loss"]
        return Answer(.csv, body: CSV.encode(header: header, rows: lines))
    }
}

extension SymbolModel {
    /// Nats of `target` given a row of the logits, or of the probabilities where there are none.
    func loss(of row: Span<Float>, target: Int) -> Double {
        if logits == nil { return crossEntropy(probabilities: row, target: target) }
        return crossEntropy(logits: row, target: target)
    }
}
