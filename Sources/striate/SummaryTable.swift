import Compute
import Graph
import Models

/// A model's layers with their shapes and costs, as text.
struct SummaryTable {
    private let model: Model

    init(_ model: Model) {
        self.model = model
    }

    var text: String {
        let header = [
            "layer", "operator", "output", "parameters", "multiply-adds", "receptive field",
        ]
        let rows = model.layers.map { layer in
            [
                layer.name, layer.op, layer.outputShape.description, grouped(layer.parameters),
                grouped(layer.multiplyAdds),
                layer.receptiveField.map { "\($0.height)x\($0.width)" } ?? "-",
            ]
        }
        let total = [
            "total", "", "", grouped(model.parameterCount), grouped(model.multiplyAdds), "",
        ]
        let manifest = model.manifest
        let about = manifest.description.isEmpty ? "" : ". \(manifest.description)"
        var lines = ["\(model.name) version \(model.version): \(task)\(about)"]
        if let preparation = manifest.preparation { lines.append("input: \(preparation)") }
        if manifest.operations.contains("classify"), manifest.task.input == .pictures {
            lines.append("scores: \(model.scores.rawValue)")
        }
        if !model.remark.isEmpty { lines.append(model.remark) }
        if case .image(_, _, nil, nil) = manifest.input {
            let side = LayerSummary.referenceSide
            lines.append("shapes and costs for pictures of \(side)x\(side)")
        }
        if case .series(_, _, nil) = manifest.input {
            lines.append("shapes and costs for series of \(LayerSummary.referenceLength) steps")
        }
        lines.append("")
        lines += columns([header] + rows + [total], rightAligned: [3, 4, 5])
        return lines.joined(separator: "\n")
    }

    /// What the model is for.
    private var task: String {
        let labels = model.manifest.labels.count
        return model.manifest.task.name + (labels > 0 ? " of \(labels) labels" : "")
    }
}

/// Rows of equal columns, padded to their widest entry.
func columns(_ rows: [[String]], rightAligned: Set<Int>) -> [String] {
    guard let first = rows.first else { return [] }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        let cells = row.indices.map { column in
            let padding = String(repeating: " ", count: widths[column] - row[column].count)
            return rightAligned.contains(column) ? padding + row[column] : row[column] + padding
        }
        let line = cells.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

/// The number with thin groups of three digits: 1,234,567.
func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0 && index % 3 == 0 && digit != "-" { text.append(",") }
        text.append(digit)
    }
    return String(text.reversed())
}
