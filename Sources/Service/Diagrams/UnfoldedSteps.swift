/// The unfolded graph: a column for each step, and the edges that lead from step to step.
struct UnfoldedSteps {
    private(set) var columns: SequenceColumns
    private let grid: SequenceGrid
    private let origin: Double
    private let steps: Int
    private let times: [Int?]

    /// Up to this many steps are drawn one by one; of more, the first and the last ones.
    static let mostColumns = 16

    init(_ grid: SequenceGrid, steps: Int, origin: Double) {
        self.grid = grid
        self.origin = origin
        self.steps = steps
        columns = SequenceColumns(grid)
        columns.lastTime = String(steps)
        times =
            steps <= Self.mostColumns
            ? Array(1...steps) : Array(1...Self.mostColumns - 3) + [nil, steps - 1, steps]
        for (place, time) in times.enumerated() {
            if let time {
                columns.column(at: x(place), time: String(time), isLast: time == steps)
            } else {
                addGap(place)
            }
        }
        for index in grid.rows.indices { addRecurrence(index) }
        for index in grid.rows.indices where grid.rows[index].isFinal { addLastReads(index) }
    }

    private func x(_ place: Int) -> Double { origin + Double(place) * grid.pitch }

    private func name(_ place: Int) -> String {
        if place < 0 { return "0" }
        if place >= times.count { return String(steps + 1) }
        return times[place].map(String.init) ?? "…"
    }

    /// Dots in each row.
    private mutating func addGap(_ place: Int) {
        for (index, row) in grid.rows.enumerated() where !row.isFinal {
            let halves = row.cell?.direction == .bidirectional ? [false, true] : [false]
            for isBackward in halves {
                let shift = halves.count == 1 ? 0 : isBackward ? grid.split : -grid.split
                columns.add(
                    Diagram.Node(
                        id: row.id(time: "…", isBackward: isBackward),
                        role: .gap,
                        label: .words("· · ·", bold: true),
                        shape: .none,
                        at: Diagram.Point(
                            x: x(place) + shift,
                            y: isBackward ? grid.backward(index) : grid.heights[index]
                        )
                    )
                )
            }
        }
    }

    private mutating func addRecurrence(_ index: Int) {
        let row = grid.rows[index]
        if let cell = row.cell {
            if cell.direction != .reverse { chain(index, isBackward: false, isReversed: false) }
            if cell.direction == .reverse { chain(index, isBackward: false, isReversed: true) }
            if cell.direction == .bidirectional { chain(index, isBackward: true, isReversed: true) }
        }
        if let feedback = row.feedback { feedBack(from: feedback, to: index) }
    }

    /// From state to state; a reversed row starts after the last step.
    private mutating func chain(_ index: Int, isBackward: Bool, isReversed: Bool) {
        let row = grid.rows[index]
        var places = Array(times.indices)
        if isReversed { places.reverse() }
        var previous = (places.first ?? 0) + (isReversed ? 1 : -1)
        let sample = row.id(time: "1", isBackward: isBackward)
        guard var start = columns[sample] else { return }
        let shift = start.at.x - origin
        start.id = row.id(time: name(previous), isBackward: isBackward)
        start.role = .start
        start.label = row.label(time: name(previous), isBackward: isBackward)
        start.at.x = x(previous) + shift
        columns.add(start)
        for place in places {
            let ids = [previous, place].map { row.id(time: name($0), isBackward: isBackward) }
            if let from = columns[ids[0]], let to = columns[ids[1]] {
                step(from, to, row, isBackward)
            }
            previous = place
        }
    }

    private mutating func step(
        _ from: Diagram.Node,
        _ to: Diagram.Node,
        _ row: SequenceRow,
        _ isBackward: Bool
    ) {
        let hasCell = row.cell?.hasCellState == true
        for (offset, isCell) in hasCell ? [(-11.0, false), (11.0, true)] : [(0, false)] {
            let whole = EdgePath.between(from, to)
            let shift = Diagram.Point(x: 0, y: offset)
            let path = EdgePath.straight(whole.start + shift, whole.end + shift)
            let label =
                isCell ? MathText.variable(isBackward ? "d" : "c", index: row.index) : nil
            // Where both directions cross, a label stands beyond the crossing.
            let share = grid.isTwoWay ? 0.74 : 0.5
            let isBelow = isCell || (grid.isTwoWay && !hasCell && !isBackward)
            let middle = path.start + (path.end - path.start) * share
            columns.add(
                Diagram.Edge(
                    from: from.id,
                    to: to.id,
                    label: label ?? row.recurrenceLabel(isBackward: isBackward),
                    labelAt: middle + Diagram.Point(x: -2, y: isBelow ? 17 : -7),
                    path: path
                )
            )
        }
    }
}

extension UnfoldedSteps {
    /// From the output of a step down to the hidden row of the next one.
    private mutating func feedBack(from upper: Int, to lower: Int) {
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
    private mutating func addLastReads(_ index: Int) {
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
                let join = columns.joinNode(source, x(last), height, name(last))
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
