import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/next`: a sequence to the probabilities of the symbol after it.
enum Next {
    static let route = Route(
        method: .post,
        template: "/models/{model}/next",
        summary: "The likeliest next symbols after a sequence, or after each of its steps.",
        body: .sequence,
        placement: .queue,
        query: [
            QueryKey(
                name: "top",
                kind: .integer(1...1_000_000),
                summary: "How many symbols, the likeliest first; 5 unless given."
            ),
            QueryKey(
                name: "all",
                kind: .flag,
                summary: "true: one list for each step instead of one after the last."
            ),
        ],
        forms: [.json, .npy, .csv],
        joins: true,
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: SequenceReader.schema("SequenceRequest"),
        requestExample: ["text": "In the beginning"],
        answer: Schema.answer(
            "NextSymbols",
            [
                // With all=true, a list for each step.
                ("next", Schema.nested), ("position", Schema.integer),
            ]
        ),
        answerExample: [
            "model": "scripture", "version": "2",
            "next": [["symbol": " ", "index": 0, "probability": .number(0.97)]], "position": 16,
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let top = try call.integer("top", in: 1...symbols.vocabulary.symbols.count) ?? 5
        let wantsAll = try call.flag("all")
        let sent = try call.sequence(for: symbols)
        let start = try call.carriedState(of: symbols.model, sent.options.carried)
        let width = call.form == .npy ? symbols.vocabulary.symbols.count : top
        try call.checkAnswer(numbers: wantsAll ? sent.tokens.count * width : width)
        call.stopwatch.enter(.compute)
        return Answer(
            NextWork(
                symbols,
                run: SequenceRun(
                    symbols.model,
                    sent.tokens,
                    from: start,
                    outputs: call.carries ? symbols.rows : [symbols.probabilities]
                ),
                form: call.form,
                top: top,
                wantsAll: wantsAll
            )
        )
    }
}

/// The distributions after symbols that are being read.
private struct NextWork: SequenceWork {
    private let symbols: SymbolModel
    var run: SequenceRun
    private let form: AnswerForm
    private let top: Int
    private let wantsAll: Bool
    private var rows: [[Float]] = []
    private var rankings: [[Ranked]] = []
    private var scores: [Float] = []

    init(
        _ symbols: SymbolModel,
        run: SequenceRun,
        form: AnswerForm,
        top: Int,
        wantsAll: Bool
    ) {
        (self.symbols, self.run) = (symbols, run)
        (self.form, self.top, self.wantsAll) = (form, top, wantsAll)
    }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        let isLast = step == run.tokens.count - 1
        if isLast, run.outputs == symbols.rows { scores = try symbols.carriedScores(rows) }
        guard isLast || wantsAll && step >= run.leading else { return }
        try rows.withRow(0) { (row) throws(ModelError) in
            if let index = row.indices.first(where: { !row[$0].isFinite }) {
                throw .nonFinite(output: symbols.probabilities, index: index)
            }
            if form == .npy {
                self.rows.append([Float](copying: row))
            } else {
                rankings.append(ranking(of: row, count: top))
            }
        }
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        call.stopwatch.enter(.encode)
        let carried = try call.carry(CarriedState(state: run.state, scores: scores))
        switch form {
        case .npy: return .answers(npy)
        case .csv: return .answers(csv)
        default: return .answers(json(carried))
        }
    }

    private func json(_ carried: [(String, JSON)]) -> Answer {
        let lists = rankings.map(list)
        let document: JSON = [
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "next": wantsAll ? .array(lists) : lists.last ?? [],
            "position": .integer(run.position),
        ]
        return Answer(document.adding(carried))
    }

    private func list(_ ranking: [Ranked]) -> JSON {
        .array(
            ranking.map { entry in
                [
                    "symbol": .string(symbols.vocabulary.symbols[entry.index]),
                    "index": .integer(entry.index), "probability": .float(entry.probability),
                ]
            }
        )
    }

    private var npy: Answer {
        let count = rows.first?.count ?? 0
        let shape = wantsAll ? [rows.count, count] : [count]
        let values = Array(rows.joined())
        return Answer(.npy, body: NPY.encode(shape: shape, values: values.span))
    }

    private var csv: Answer {
        var lines: [[String]] = []
        let first = run.position - rankings.count
        for (step, ranking) in rankings.enumerated() {
            for (rank, entry) in ranking.enumerated() {
                lines.append([
                    String(first + step + 1), String(rank + 1),
                    symbols.vocabulary.symbols[entry.index], String(entry.index),
                    entry.probability.description,
                ])
            }
        }
        let header = ["position", "rank", "symbol", "index", "probability"]
        return Answer(.csv, body: CSV.encode(header: header, rows: lines))
    }
}
