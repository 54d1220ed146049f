/// The unfolded graph: a column for each step, and the edges that lead from step to step.
struct UnfoldedSteps {
    var columns: SequenceColumns
    let grid: SequenceGrid
    private let origin: Double
    private let steps: Int
    let times: [Int?]

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

    func x(_ place: Int) -> Double { origin + Double(place) * grid.pitch }

    func name(_ place: Int) -> String {
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
                step(from, to, of: row, isBackward: isBackward)
            }
            previous = place
        }
    }

    private mutating func step(
        _ from: Diagram.Node,
        _ to: Diagram.Node,
        of row: SequenceRow,
        isBackward: Bool
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
