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
        let form = call.form
        let top = try call.integer("top", in: 1...symbols.vocabulary.symbols.count) ?? 5
        let wantsAll = try call.flag("all")
        let tokens = try call.sequence(for: symbols).tokens
        let width = form == .npy ? symbols.vocabulary.symbols.count : top
        try call.checkAnswer(numbers: wantsAll ? tokens.count * width : width)
        call.stopwatch.enter(.compute)
        var state = symbols.model.initialState()
        var rows: [[Float]] = []
        var rankings: [[Ranked]] = []
        try call.advance(
            symbols.model,
            tokens,
            state: &state,
            output: symbols.probabilities
        ) { (step, row) throws(ModelError) in
            guard wantsAll || step == tokens.count - 1 else { return }
            if let index = row.indices.first(where: { !row[$0].isFinite }) {
                throw .nonFinite(output: symbols.probabilities, index: index)
            }
            if form == .npy {
                rows.append([Float](copying: row))
            } else {
                rankings.append(ranking(of: row, count: top))
            }
        }
        call.stopwatch.enter(.encode)
        switch form {
        case .npy: return npy(rows, wantsAll)
        case .csv: return csv(rankings, firstStep: tokens.count - rankings.count, symbols)
        default: return json(rankings, position: tokens.count, wantsAll, symbols)
        }
    }

    private static func json(
        _ rankings: [[Ranked]],
        position: Int,
        _ wantsAll: Bool,
        _ symbols: SymbolModel
    ) -> Answer {
        let lists = rankings.map { list($0, symbols.vocabulary) }
        return Answer([
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "next": wantsAll ? .array(lists) : lists.last ?? [], "position": .integer(position),
        ])
    }

    private static func list(_ ranking: [Ranked], _ vocabulary: Vocabulary) -> JSON {
        .array(
            ranking.map { entry in
                [
                    "symbol": .string(vocabulary.symbols[entry.index]),
                    "index": .integer(entry.index), "probability": .float(entry.probability),
                ]
            }
        )
    }

    private static func npy(_ rows: [[Float]], _ wantsAll: Bool) -> Answer {
        let count = rows.first?.count ?? 0
        let shape = wantsAll ? [rows.count, count] : [count]
        let values = Array(rows.joined())
        return Answer(.npy, body: NPY.encode(shape: shape, values: values.span))
    }

    private static func csv(
        _ rankings: [[Ranked]],
        firstStep: Int,
        _ symbols: SymbolModel
    ) -> Answer {
        var lines: [[String]] = []
        for (step, ranking) in rankings.enumerated() {
            for (rank, entry) in ranking.enumerated() {
                lines.append([
                    String(firstStep + step + 1), String(rank + 1),
                    symbols.vocabulary.symbols[entry.index], String(entry.index),
                    entry.probability.description,
                ])
            }
        }
        let header = ["position", "rank", "symbol", "index", "probability"]
        return Answer(.csv, body: CSV.encode(header: header, rows: lines))
    }
}
