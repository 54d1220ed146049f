/// The circuit of a recurrent network, alone or with its graph unfolded over some steps.
///
/// As in Goodfellow, Bengio, Courville, Deep Learning (2016), figures 10.2 to 10.5 and 10.11.
enum SequenceDiagram {
    /// The most steps a graph is unfolded over.
    static let mostSteps = Diagram.mostSteps
    /// Networks of more layers are drawn as a stack.
    static let mostLayers = 40

    static func draw(_ outline: NetworkOutline, steps: Int?) -> Diagram {
        let rows = SequenceRows.read(outline)
        let grid = SequenceGrid(rows)
        if let steps, grid.isTwoWay { return unfolded(outline, grid, steps) }
        var circuit = SequenceColumns(grid)
        circuit.column(at: 0, time: nil, isLast: true)
        circuit.addLoops()
        var diagram = Diagram(
            kind: steps == nil ? .circuit : .unfolded,
            title: "\(outline.name): "
                + (steps.map { "the circuit and its graph unfolded over \($0) steps" }
                    ?? "the circuit of the network"),
            summary: summary(rows, steps),
            nodes: circuit.nodes,
            edges: circuit.edges
        )
        let extent = extent(of: circuit)
        addNotes(grid, left: extent.left - 26, to: &diagram)
        if let steps {
            let arrow = Diagram.Point(x: extent.right + 66, y: middle(of: grid))
            diagram.unfolding = arrow
            let hasStart = rows.contains {
                $0.feedback != nil || ($0.cell.map { $0.direction != .reverse } ?? false)
            }
            let first = arrow.x + 66 + grid.reach + (hasStart ? grid.pitch : 0)
            let unfolded = UnfoldedSteps(grid, steps: steps, origin: first)
            diagram.nodes += unfolded.columns.nodes
            diagram.edges += unfolded.columns.edges
        }
        addTitle(outline, grid, left: extent.left - 26, to: &diagram)
        return diagram
    }

    /// The unfolded graph alone, as wide as a page: two halves a step leave no room for the circuit beside it.
    private static func unfolded(
        _ outline: NetworkOutline,
        _ grid: SequenceGrid,
        _ steps: Int
    ) -> Diagram {
        let unfolded = UnfoldedSteps(grid, steps: steps, origin: 0)
        var diagram = Diagram(
            kind: .unfolded,
            title: "\(outline.name): the graph unfolded over \(steps) steps",
            summary: summary(grid.rows, steps),
            nodes: unfolded.columns.nodes,
            edges: unfolded.columns.edges
        )
        let left = extent(of: unfolded.columns).left - 26
        addNotes(grid, left: left, to: &diagram)
        addTitle(outline, grid, left: left, to: &diagram)
        return diagram
    }

    private static func extent(of circuit: SequenceColumns) -> (left: Double, right: Double) {
        let bounds = DiagramBounds(
            Diagram(
                kind: .circuit,
                title: "",
                summary: "",
                nodes: circuit.nodes,
                edges: circuit.edges
            )
        )
        return (bounds.left, bounds.right)
    }

    private static func middle(of grid: SequenceGrid) -> Double {
        let state = grid.rows.firstIndex { $0.cell != nil || $0.feedback != nil } ?? 0
        return grid.heights.isEmpty ? 0 : grid.heights[state]
    }

    /// Names, sizes and parameters beside the rows.
    private static func addNotes(_ grid: SequenceGrid, left: Double, to diagram: inout Diagram) {
        for (index, row) in grid.rows.enumerated() {
            let isPair = row.cell?.direction == .bidirectional
            let height =
                isPair ? (grid.heights[index] + grid.backward(index)) / 2 : grid.heights[index]
            var notes = row.notes.prefix(5).map { abridged($0, to: 40) }
            if row.isFinal { notes.append("after the last step") }
            let top = height - Double(notes.count) * 8 + 4
            for (line, note) in ([printed(row.layer)] + notes).enumerated() {
                diagram.captions.append(
                    Diagram.Caption(
                        text: .words(note, bold: line == 0),
                        at: Diagram.Point(x: left, y: top + Double(line) * 16),
                        anchor: .end,
                        isFaint: line > 0
                    )
                )
            }
        }
    }

    private static func addTitle(
        _ outline: NetworkOutline,
        _ grid: SequenceGrid,
        left: Double,
        to diagram: inout Diagram
    ) {
        let bounds = DiagramBounds(diagram)
        let delays = diagram.nodes.contains(where: \.isCircuit) ? "; ■ delays by one step" : ""
        let total = "\(grouped(outline.parameters)) parameters\(delays)"
        let lines: [(MathText, Double, Bool)] = [
            (.words(outline.name, bold: true), 17, false), (.words(total), 12.5, true),
        ]
        for (index, line) in lines.enumerated() {
            diagram.captions.append(
                Diagram.Caption(
                    text: line.0,
                    at: Diagram.Point(
                        x: bounds.left + 22,
                        y: grid.top - 78 + Double(index) * 20
                    ),
                    size: line.1,
                    isFaint: line.2
                )
            )
        }
    }

    /// The network in words, for those who do not see the picture.
    private static func summary(_ rows: [SequenceRow], _ steps: Int?) -> String {
        var sentences = rows.map { row in
            let reads = row.sources.map { rows[$0].label(time: nil).plain }
            var sentence = row.label(time: nil).plain + " is the layer \(row.layer)"
            if !reads.isEmpty { sentence += ", reading \(reads.joined(separator: " and "))" }
            if let cell = row.cell {
                sentence += ", with its own state one step \(cell.direction.words)"
            }
            if let feedback = row.feedback {
                sentence += ", and \(rows[feedback].label(time: nil).plain) of the step before"
            }
            return sentence + "."
        }
        if let steps { sentences.append("Unfolded over \(steps) steps.") }
        return sentences.joined(separator: " ")
    }
}

extension SequenceRow.Cell.Direction {
    fileprivate var words: String {
        switch self {
        case .forward: "before"
        case .reverse: "after"
        case .bidirectional: "before in one half and after in the other"
        }
    }
}
