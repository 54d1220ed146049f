import Inference

/// One row of a recurrent network's diagram: a layer, with what was merged into it.
struct SequenceRow: Sendable {
    /// A row that remembers.
    struct Cell: Sendable {
        enum Direction: Sendable {
            case forward, reverse, bidirectional
        }

        var op: String
        var direction = Direction.forward
        /// Only the state after the whole sequence is read on.
        var returnsLast = false

        var hasCellState: Bool { op == "LSTM" }
        /// Gated cells are boxes that say so; a plain one is a circle.
        var isGated: Bool { op == "LSTM" || op == "GRU" }
    }

    var layer: String
    var role: Diagram.Node.Role
    var symbol: String
    var index: Int?
    /// The name of the weights on the way in; nil for none.
    var weight: String?
    /// Rows it reads.
    var sources: [Int]
    var cell: Cell?
    /// The row whose last value it also reads.
    var feedback: Int?
    /// Beside the row, after the layer's name.
    var notes: [String]
    /// Whether it exists once, after the last step.
    var isFinal = false
}

/// The rows of a network over sequences, from the input up.
struct SequenceRows {
    private(set) var rows: [SequenceRow] = []
    private var places: [String: Int] = [:]
    private let outline: NetworkOutline

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
        case "Gather": append(plain(layer, "e", weight: "E", sources), as: layer.name)
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
            append(plain(layer, layer.op, weight: nil, sources), as: layer.name)
        }
    }

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

extension SequenceRows {
    private func recurrent(_ layer: NetworkOutline.Layer, _ sources: [Int]) -> SequenceRow {
        var cell = SequenceRow.Cell(op: layer.op)
        var notes = [layer.op]
        if let hidden = layer.fields["hidden"]?.integers.first { notes[0] += ", \(hidden) units" }
        if layer.op == "RNN" {
            let activation = layer.fields["activation"]?.word ?? "Tanh"
            notes[0] += ", " + (activation == "Saturating" ? "saturating" : activation)
        }
        switch layer.fields["direction"]?.word {
        case "reverse": cell.direction = .reverse
        case "bidirectional": cell.direction = .bidirectional
        default: break
        }
        if cell.direction != .forward {
            notes.append(cell.direction == .reverse ? "reads backward" : "reads both ways")
        }
        cell.returnsLast = layer.fields["returns"]?.word == "last"
        notes.append("\(grouped(layer.parameters)) parameters")
        return SequenceRow(
            layer: layer.name,
            role: .state,
            symbol: outline.isAutonomous ? "s" : "h",
            weight: "U",
            sources: sources,
            cell: cell,
            notes: notes
        )
    }

    /// A hidden row without memory below an output that is fed back to it.
    private mutating func appendJordan(_ layer: NetworkOutline.Layer, _ sources: [Int]) {
        let hidden = layer.fields["hidden"]?.integers.first
        let units = layer.fields["units"]?.integers.first
        rows.append(
            SequenceRow(
                layer: layer.name,
                role: .state,
                symbol: "h",
                weight: "U",
                sources: sources,
                notes: [
                    "Jordan" + (hidden.map { ", \($0) units, Tanh" } ?? ""),
                    "\(grouped(layer.parameters)) parameters",
                ]
            )
        )
        let below = rows.count - 1
        var output = SequenceRow(
            layer: layer.name,
            role: .output,
            symbol: "o",
            weight: "V",
            sources: [below],
            notes: [units.map { "\($0) units" } ?? "output"]
        )
        if layer.fields["feedback"]?.word == "softmax" {
            output.notes.append("its softmax is fed back")
        }
        rows.append(output)
        rows[below].feedback = rows.count - 1
        places[layer.name] = rows.count - 1
    }

    /// Numbers rows of the same symbol, and finds what exists only once.
    private mutating func finish() {
        for row in rows.indices.dropFirst() where rows[row].symbol == "ŷ" {
            // A softmax that is fed back is the softmax above the output, if there is one.
            guard let source = rows[row].sources.first,
                let reader = rows.firstIndex(where: { $0.feedback == source }),
                rows[source].notes.contains("its softmax is fed back")
            else { continue }
            rows[reader].feedback = row
        }
        renameInnerProducts()
        for symbol in ["h", "s", "z", "e", "o"] {
            let same = rows.indices.filter { rows[$0].symbol == symbol }
            guard same.count > 1 else { continue }
            for (number, row) in same.enumerated() { rows[row].index = number + 1 }
        }
        findFinalRows()
    }

    /// Products below the last one are "z".
    private mutating func renameInnerProducts() {
        let products = rows.indices.filter { rows[$0].symbol == "o" }
        for row in products.dropLast() where rows[row].sources.allSatisfy({ $0 != row }) {
            guard !rows.contains(where: { $0.feedback == row }) else { continue }
            rows[row].symbol = "z"
            rows[row].role = .value
            rows[row].weight = "A"
        }
    }

    private mutating func findFinalRows() {
        let isClassifier = outline.task.hasSuffix("classification")
        let top = rows.lastIndex { $0.cell != nil || $0.feedback != nil }
        for row in rows.indices {
            rows[row].isFinal = rows[row].sources.contains { source in
                rows[source].isFinal || rows[source].cell?.returnsLast == true
                    || (isClassifier && source == top)
            }
        }
    }
}
