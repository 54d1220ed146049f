import Graph

/// The rows of a network over sequences, from the input up.
struct SequenceRows {
    var rows: [SequenceRow] = []
    var places: [String: Int] = [:]
    let outline: NetworkOutline

    static func read(_ outline: NetworkOutline) -> [SequenceRow] {
        var reader = SequenceRows(outline)
        for layer in outline.layers { reader.add(layer) }
        reader.finish()
        return reader.rows
    }

    private init(_ outline: NetworkOutline) {
        self.outline = outline
        guard !outline.isAutonomous else { return }
        places[outline.inputName] = 0
        rows = [
            SequenceRow(
                layer: outline.inputName,
                role: .input,
                symbol: "x",
                sources: [],
                notes: []
            )
        ]
    }

    private mutating func add(_ layer: NetworkOutline.Layer) {
        let sources = layer.inputs.compactMap { places[$0] }
        switch layer.op {
        case "OneHot" where rows.count <= 1:
            if let depth = layer.shape.last, !rows.isEmpty {
                rows[0].notes.append("one of \(depth) symbols")
            }
            places[layer.name] = rows.isEmpty ? nil : 0
        case "RNN", "LSTM", "GRU": append(recurrent(layer, sources), as: layer.name)
        case "Jordan": appendJordan(layer, sources)
        case "Input":
            var row = plain(layer, "x", weight: nil, [])
            row.role = .input
            append(row, as: layer.name)
        // Only rows of a table that symbols choose are an embedding.
        case "Gather" where sources == [0]:
            append(plain(layer, "e", weight: "E", sources), as: layer.name)
        case "Gemm", "MatMul":
            var row = plain(layer, "o", weight: "V", sources)
            row.role = .output
            append(row, as: layer.name)
        case "Softmax", "LogSoftmax":
            var row = plain(layer, layer.op == "Softmax" ? "ŷ" : "log ŷ", weight: nil, sources)
            row.role = .softmax
            append(row, as: layer.name)
        default: addOther(layer, sources)
        }
    }

    /// An activation joins the row it reads; another operator has its own.
    private mutating func addOther(_ layer: NetworkOutline.Layer, _ sources: [Int]) {
        if sources.count == 1, let source = sources.first, source == rows.count - 1,
            rows[source].role != .input, Self.merged.contains(layer.op)
        {
            rows[source].notes.append("then \(layer.op)")
            places[layer.name] = source
        } else {
            append(
                plain(layer, Self.signs[layer.op] ?? layer.op, weight: nil, sources),
                as: layer.name
            )
        }
    }

    private static let signs = ["Add": "+", "Sum": "+", "Mul": "×"]

    private static let merged: Set<String> = [
        "Relu", "Tanh", "Sigmoid", "Saturating", "LeakyRelu", "Elu", "HardSigmoid", "Dropout",
        "Identity", "Reshape", "Flatten", "Squeeze", "BatchNormalization", "LayerNormalization",
        "Maxout", "ChannelL2", "Clip",
    ]

    private mutating func append(_ row: SequenceRow, as name: String) {
        rows.append(row)
        places[name] = rows.count - 1
    }

    private func plain(
        _ layer: NetworkOutline.Layer,
        _ symbol: String,
        weight: String?,
        _ sources: [Int]
    ) -> SequenceRow {
        var notes = [layer.op + (layer.shape.last.map { ", \($0) units" } ?? "")]
        if layer.parameters > 0 { notes.append("\(grouped(layer.parameters)) parameters") }
        return SequenceRow(
            layer: layer.name,
            role: .value,
            symbol: symbol,
            weight: weight,
            sources: sources,
            notes: notes
        )
    }
}
