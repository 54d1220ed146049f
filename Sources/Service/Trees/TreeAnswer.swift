import Graph
import Models
import TensorFormats

/// The labels of a tree's nodes, in the form the client wants.
struct TreeAnswer {
    let model: Model
    let sent: SentTree
    /// The probabilities of all labels of the nodes that are shown.
    let rows: [(node: Int, values: [Float])]
    let vectors: TreeVectors?
    /// Whether all nodes are shown, or the root alone.
    let hasNodes: Bool
    let top: Int

    private var root: Int { sent.tree.root }

    func json(_ output: String) throws(ServiceError) -> Answer {
        let whole = rows.first { $0.node == root }?.values ?? []
        let compositions = sent.tree.nodes.count - sent.leafCount
        var members: [(String, JSON)] = [
            ("model", .string(model.name)), ("version", .string(model.version)),
            (
                "predictions",
                .array(ranking(of: whole.span, count: top).map { .object(prediction($0)) })
            ),
            ("leaves", .integer(sent.leafCount)), ("compositions", .integer(compositions)),
            ("height", .integer(sent.tree.heights[root])),
        ]
        if let vectors { members.append(("vector", vector(root, vectors))) }
        if hasNodes { members.append(("nodes", .array(rows.map(node)))) }
        return Answer(.json, body: try JSON.object(members).text(of: output))
    }

    func csv() throws(ServiceError) -> Answer {
        let lines = rows.map { row -> [String] in
            let place = sent.places[row.node]
            let best = ranking(of: row.values.span, count: 1)
            return [
                place.path, String(place.items), place.text,
                String(sent.tree.heights[row.node]), best.first.map { label($0.index) } ?? "",
                best.first.map { String($0.index) } ?? "",
                best.first?.probability.description ?? "",
            ] + (vectors?[row.node].map { $0.description } ?? [])
        }
        let units = vectors.map { (0..<$0.width).map { "unit\($0)" } } ?? []
        let header = ["path", "items", "expression", "height", "label", "index", "probability"]
        return Answer(.csv, body: CSV.encode(header: header + units, rows: lines))
    }

    private func node(_ row: (node: Int, values: [Float])) -> JSON {
        let place = sent.places[row.node]
        var members: [(String, JSON)] = [
            ("path", .string(place.path)), ("items", .integer(place.items)),
            ("expression", .string(place.text)),
            ("leaves", .integers([place.leaves.lowerBound, place.leaves.upperBound])),
            ("height", .integer(sent.tree.heights[row.node])),
        ]
        members += ranking(of: row.values.span, count: 1).flatMap(prediction)
        if let vectors { members.append(("vector", vector(row.node, vectors))) }
        return .object(members)
    }

    private func prediction(_ entry: Ranked) -> [(String, JSON)] {
        [
            ("label", .string(label(entry.index))), ("index", .integer(entry.index)),
            ("probability", .float(entry.probability)),
        ]
    }

    private func vector(_ node: Int, _ vectors: TreeVectors) -> JSON {
        .tensor(shape: [vectors.width], values: Array(vectors[node]))
    }

    private func label(_ index: Int) -> String {
        model.manifest.label(of: index)
    }
}
