import Graph
import Models

/// Layers that remember, and what is known when all rows stand.
extension SequenceRows {
    func recurrent(_ layer: NetworkOutline.Layer, _ sources: [Int]) -> SequenceRow {
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
    mutating func appendJordan(_ layer: NetworkOutline.Layer, _ sources: [Int]) {
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
    mutating func finish() {
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
