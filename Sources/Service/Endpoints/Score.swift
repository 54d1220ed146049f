import Glibc
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
        joins: true,
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
        let sent = try call.sequence(for: symbols)
        let start = try call.carriedState(of: symbols.model, sent.options.carried)
        guard sent.tokens.count >= 2 || start.position > 0 else {
            throw .emptySequence(field: sent.field, atLeast: 2)
        }
        call.stopwatch.enter(.compute)
        return Answer(ScoreWork(symbols, sent.tokens, from: start, form: call.form))
    }
}

/// The losses of symbols that are being read.
private struct ScoreWork: SequenceWork {
    private let symbols: SymbolModel
    /// All but the last symbol, which is scored and not read.
    var run: SequenceRun
    private let form: AnswerForm
    /// The symbols that are scored.
    private let targets: [Int32]
    private let last: Int32
    /// Symbols before those that were sent.
    private let before: Int
    private let symbolCount: Int
    /// Nats of each target so far.
    private var losses: [Double] = []

    init(
        _ symbols: SymbolModel,
        _ tokens: [Int32],
        from start: CarriedState,
        form: AnswerForm
    ) {
        (self.symbols, self.form) = (symbols, form)
        (before, symbolCount, last) = (start.position, tokens.count, tokens[tokens.count - 1])
        run = SequenceRun(
            symbols.model,
            Array(tokens.dropLast()),
            from: start,
            outputs: [symbols.scores]
        )
        // The first symbol is scored where what comes before it is known.
        let knowsFirst = start.unread != nil || !start.scores.isEmpty
        targets = knowsFirst ? tokens : Array(tokens.dropFirst())
        losses.reserveCapacity(targets.count)
        if start.unread == nil, knowsFirst {
            losses.append(symbols.loss(of: start.scores.span, target: Int(tokens[0])))
        }
    }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        let target = Int(targets[losses.count])
        try rows.withRow(0) { (row) throws(ModelError) in
            losses.append(symbols.loss(of: row, target: target))
        }
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        call.stopwatch.enter(.encode)
        if let step = losses.firstIndex(where: { !$0.isFinite }) {
            throw .nonFiniteResult(output: symbols.scores, index: step)
        }
        let carried = try call.carry(
            CarriedState(state: run.state, unread: last),
            addsPosition: true
        )
        switch form {
        case .npy: return .answers(npy)
        case .csv: return .answers(csv)
        default: return .answers(json(carried))
        }
    }

    private func json(_ carried: [(String, JSON)]) -> Answer {
        let total = losses.reduce(0, +)
        let mean = total / Double(losses.count)
        let first = before + symbolCount - losses.count
        let scored =
            first > 0 && before > 0
            ? "\(first)…\(first + losses.count - 1)"
            : "1…\(losses.count): the first symbol is given, none comes before it"
        let document: JSON = [
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "symbols": .integer(symbolCount),
            "scored": .string(scored),
            "losses": .tensor(shape: [losses.count], values: losses.map { Float($0) }),
            "total": .number(total), "unit": "nat",
            "bits_per_symbol": .number(mean / log(2)), "perplexity": .number(exp(mean)),
        ]
        return Answer(document.adding(carried))
    }

    private var npy: Answer {
        let values = losses.map { Float($0) }
        return Answer(.npy, body: NPY.encode(shape: [values.count], values: values.span))
    }

    private var csv: Answer {
        let first = before + symbolCount - losses.count
        let lines = zip(targets, losses).enumerated().map { index, scored in
            [
                String(first + index), symbols.vocabulary.symbols[Int(scored.0)],
                String(scored.0), Float(scored.1).description,
            ]
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
