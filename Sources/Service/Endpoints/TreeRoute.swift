import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/tree`: nested lists to the label of the whole, or of every node.
enum TreeRoute {
    static let route = Route(
        method: .post,
        template: "/models/{model}/tree",
        summary:
            "Labels with probabilities for a tree given as nested lists, or for all its nodes.",
        body: .tree,
        placement: .queue,
        query: [
            QueryKey(
                name: "top",
                kind: .integer(1...1_000_000),
                summary: "How many labels of the root, the likeliest first; 5 unless given."
            ),
            QueryKey(name: "nodes", kind: .flag, summary: "true: every node's likeliest label."),
            QueryKey(name: "vectors", kind: .flag, summary: "true: the vectors as well."),
        ],
        forms: [.json, .csv],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object("TreeRequest", [("tree", Schema.any)], required: ["tree"]),
        requestExample: ["tree": ["max", 2, ["min", 3, 4]]],
        answer: Schema.answer(
            "TreeClassification",
            [
                ("predictions", Schema.array(of: Schema.prediction)), ("leaves", Schema.integer),
                ("compositions", Schema.integer), ("height", Schema.integer),
                ("vector", Schema.numbers), ("nodes", Schema.nested),
            ]
        ),
        answerExample: [
            "model": "listops", "version": "1",
            "predictions": [["label": "3", "index": 3, "probability": .number(0.99)]],
            "leaves": 5, "compositions": 4, "height": 3,
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model(thatCan: "take a tree")
        guard case .tokens(_, let vocabulary) = model.manifest.input,
            let output = model.manifest.outputs.first
        else {
            throw .wrongTask(model, "take a tree")
        }
        let form = call.form
        let top = try call.integer("top", in: 1...max(1, model.manifest.labels.count)) ?? 5
        let (wantsNodes, wantsVectors) = try (call.flag("nodes"), call.flag("vectors"))
        let limit = min(TreeReader.mostLeaves, call.configuration.sequenceLimit)
        let sent = try TreeReader(vocabulary: vocabulary, limit: limit).tree(of: call.request)
        let nodes = wantsNodes ? Array(sent.tree.nodes.indices) : [sent.tree.root]
        let width = wantsVectors ? model.manifest.tree?.width ?? 0 : 0
        try call.checkAnswer(numbers: nodes.count * (width + 2))
        call.stopwatch.enter(.compute)
        let (vectors, rows) = try call.evaluate(sent.tree, nodes: nodes, by: model, output: output)
        call.stopwatch.enter(.encode)
        let answer = TreeAnswer(
            model: model,
            sent: sent,
            rows: rows,
            vectors: wantsVectors ? vectors : nil,
            hasNodes: wantsNodes,
            top: top
        )
        return try form == .csv ? answer.csv() : answer.json(output)
    }
}

extension Call {
    /// The vectors of all nodes, and the readout of some.
    fileprivate func evaluate(
        _ tree: Tree,
        nodes: [Int],
        by model: Model,
        output: String
    ) throws(ServiceError) -> (TreeVectors, [(node: Int, values: [Float])]) {
        var rows: [(node: Int, values: [Float])] = []
        do throws(ModelError) {
            let isCancelled = { cancellation.isCancelled }
            let vectors = try model.compose(tree, isCancelled: isCancelled)
            try model.read(output, at: nodes, of: vectors, isCancelled: isCancelled) {
                (node, row) throws(ModelError) in
                if let index = row.indices.first(where: { !row[$0].isFinite }) {
                    throw .nonFinite(output: output, index: index)
                }
                rows.append((node, [Float](copying: row)))
            }
            return (vectors, rows)
        } catch {
            throw cancellation.explain(error)
        }
    }
}
