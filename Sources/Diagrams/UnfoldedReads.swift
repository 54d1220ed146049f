/// Edges of an unfolded graph that do not stay in their row or column.
extension UnfoldedSteps {
    /// From the output of a step down to the hidden row of the next one.
    mutating func feedBack(from upper: Int, to lower: Int) {
        let row = grid.rows[upper]
        guard var start = columns[row.id(time: "1")] else { return }
        start.id = row.id(time: "0")
        start.role = .start
        start.label = row.label(time: "0")
        start.at.x = x(-1)
        columns.add(start)
        for place in times.indices {
            let from = columns[row.id(time: name(place - 1))]
            let to = columns[grid.rows[lower].id(time: name(place))]
            guard let from, let to else { continue }
            let path = EdgePath.between(from, to)
            columns.add(
                Diagram.Edge(
                    from: from.id,
                    to: to.id,
                    label: .variable("W"),
                    labelAt: (path.start + path.end) * 0.5 + Diagram.Point(x: 8, y: -3),
                    anchor: .start,
                    path: path
                )
            )
        }
    }

    /// What reads a whole sequence's state: h at the last step, and g at the first.
    mutating func addLastReads(_ index: Int) {
        let row = grid.rows[index]
        let last = times.count - 1
        guard let target = columns[row.id(time: name(last))] else { return }
        for source in row.sources {
            let lower = grid.rows[source]
            guard let cell = lower.cell else { continue }
            if cell.direction == .reverse {
                rail(lower.id(time: "1"), to: target, height: target.at.y + 52, row.weightLabel())
            } else if cell.direction == .bidirectional, cell.returnsLast,
                let height = grid.joins[source]
            {
                let join = columns.joinNode(source, x: x(last), height: height, time: name(last))
                columns.add(join)
                rail(lower.id(time: "1", isBackward: true), to: join, height: height, nil)
                rail(lower.id(time: name(last)), to: join, height: height, nil)
                let path = EdgePath.between(join, target)
                columns.add(
                    Diagram.Edge(
                        from: join.id,
                        to: target.id,
                        label: row.weightLabel(),
                        labelAt: (path.start + path.end) * 0.5 + Diagram.Point(x: 9, y: 5),
                        anchor: .start,
                        path: path
                    )
                )
            }
        }
    }

    /// Straight up from a node, then level to the target, or to below it.
    private mutating func rail(
        _ id: String,
        to target: Diagram.Node,
        height: Double,
        _ label: MathText?
    ) {
        guard let start = columns[id] else { return }
        let out = start.border(toward: start.at + Diagram.Point(x: 0, y: -1))
        var corners = [out, Diagram.Point(x: out.x, y: height)]
        let isLevel = target.at.y == height
        if isLevel {
            corners.append(target.border(toward: corners[1]))
        } else if out.x == target.at.x {
            corners = [out, target.border(toward: out)]
        } else {
            let below = Diagram.Point(x: target.at.x, y: height)
            corners += [below, target.border(toward: below)]
        }
        columns.add(
            Diagram.Edge(
                from: id,
                to: target.id,
                label: label,
                labelAt: Diagram.Point(x: target.at.x + 9, y: height - 6),
                anchor: .start,
                path: .corners(corners, radius: 14),
                hasArrow: !isLevel
            )
        )
    }
}
