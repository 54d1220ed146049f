/// The edges of a circuit that lead back in time: each passes a black square, a delay of one step.
extension SequenceColumns {
    /// Adds the loops of every row of a circuit.
    mutating func addLoops() {
        for row in grid.rows {
            if let cell = row.cell { addLoops(of: row, cell) }
            if let feedback = row.feedback { addReturn(from: grid.rows[feedback], to: row) }
        }
    }

    private mutating func addLoops(of row: SequenceRow, _ cell: SequenceRow.Cell) {
        let isPair = cell.direction == .bidirectional
        loop(row.id(time: nil), row.recurrenceLabel(), side: isPair ? -1 : 1, of: row, prefix: "")
        if isPair {
            let label = row.recurrenceLabel(isBackward: true)
            loop(row.id(time: nil, isBackward: true), label, side: 1, of: row, prefix: "g ")
        } else if cell.hasCellState {
            loop(
                row.id(time: nil),
                .variable("c", index: row.index),
                side: -1,
                of: row,
                prefix: "c "
            )
        }
    }

    /// Out at the top of one side, through the square, back in at the bottom.
    private mutating func loop(
        _ id: String,
        _ label: MathText,
        side: Double,
        of row: SequenceRow,
        prefix: String
    ) {
        guard let node = self[id] else { return }
        let out = node.border(toward: node.at + Diagram.Point(x: side, y: -0.62 * slope(row)))
        let back = node.border(toward: node.at + Diagram.Point(x: side, y: 0.62 * slope(row)))
        let square = delay(
            "delay \(prefix)\(row.id(time: nil))",
            Diagram.Point(x: out.x + side * 48, y: node.at.y)
        )
        add(square)
        let (top, bottom) = (square.at.y - 7, square.at.y + 7)
        let first = EdgePath.curve(
            out,
            out + Diagram.Point(x: side * 20, y: -18),
            Diagram.Point(x: square.at.x, y: top - 30),
            to: Diagram.Point(x: square.at.x, y: top)
        )
        let second = EdgePath.curve(
            Diagram.Point(x: square.at.x, y: bottom),
            Diagram.Point(x: square.at.x, y: bottom + 30),
            back + Diagram.Point(x: side * 20, y: 18),
            to: back
        )
        join(id, id, through: square, along: (first, second), label: label, side: side)
    }

    /// A box's loop leaves nearer to its middle.
    private func slope(_ row: SequenceRow) -> Double { row.cell?.isGated == true ? 0.4 : 1 }

    /// From a row above back to the row that reads its last value.
    private mutating func addReturn(from upper: SequenceRow, to lower: SequenceRow) {
        guard let start = self[upper.id(time: nil)], let end = self[lower.id(time: nil)] else {
            return
        }
        let right = Diagram.Point(x: 1, y: 0)
        let out = start.border(toward: start.at + right)
        let back = end.border(toward: end.at + right)
        let square = delay(
            "delay \(upper.id(time: nil))",
            Diagram.Point(x: max(out.x, back.x) + 48, y: (out.y + back.y) / 2)
        )
        add(square)
        let x = square.at.x
        let first = EdgePath.corners(
            [out, Diagram.Point(x: x, y: out.y), Diagram.Point(x: x, y: square.at.y - 7)],
            radius: 22
        )
        let second = EdgePath.corners(
            [Diagram.Point(x: x, y: square.at.y + 7), Diagram.Point(x: x, y: back.y), back],
            radius: 22
        )
        join(
            start.id,
            end.id,
            through: square,
            along: (first, second),
            label: .variable("W"),
            side: 1
        )
    }

    /// Two edges from a node to another, or back to it, by way of a delay square with a label on its `side`.
    private mutating func join(
        _ start: String,
        _ end: String,
        through square: Diagram.Node,
        along paths: (EdgePath, EdgePath),
        label: MathText,
        side: Double
    ) {
        add(
            Diagram.Edge(
                from: start,
                to: square.id,
                path: paths.0,
                hasArrow: false,
                isCircuit: true
            )
        )
        add(
            Diagram.Edge(
                from: square.id,
                to: end,
                label: label,
                labelAt: square.at + Diagram.Point(x: side * 14, y: 6),
                anchor: side > 0 ? .start : .end,
                path: paths.1,
                isCircuit: true
            )
        )
    }

    private func delay(_ id: String, _ at: Diagram.Point) -> Diagram.Node {
        Diagram.Node(
            id: id,
            role: .delay,
            label: MathText(runs: []),
            shape: .box(width: 14, height: 14),
            at: at,
            isCircuit: true
        )
    }
}
