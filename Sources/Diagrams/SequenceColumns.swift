/// Draws the rows of a recurrent network at one place: the circuit, or one step of the unfolded graph.
struct SequenceColumns {
    let grid: SequenceGrid
    private(set) var nodes: [Diagram.Node] = []
    private(set) var edges: [Diagram.Edge] = []
    private var places: [String: Int] = [:]

    init(_ grid: SequenceGrid) {
        self.grid = grid
    }

    subscript(id: String) -> Diagram.Node? { places[id].map { nodes[$0] } }

    mutating func add(_ node: Diagram.Node) {
        places[node.id] = nodes.count
        nodes.append(node)
    }

    mutating func add(_ edge: Diagram.Edge) { edges.append(edge) }

    /// The nodes of a column and the edges that go up; `isLast` adds what exists once.
    mutating func column(at x: Double, time: String?, isLast: Bool) {
        for index in grid.rows.indices where isLast || !grid.rows[index].isFinal {
            addNodes(index, x, time)
            for source in grid.rows[index].sources { connect(source, index, x: x, time: time) }
        }
    }

    private mutating func addNodes(_ index: Int, _ x: Double, _ time: String?) {
        let row = grid.rows[index]
        let direction = row.cell?.direction ?? .forward
        let shown = row.isFinal ? nil : time
        var node = Diagram.Node(
            id: row.id(time: time),
            role: row.role,
            label: row.label(time: shown),
            shape: row.shape(grid),
            at: Diagram.Point(x: x, y: grid.heights[index]),
            tag: row.cell?.isGated == true ? row.cell?.op : nil,
            isCircuit: time == nil,
            layer: row.layer
        )
        guard direction == .bidirectional else { return add(node) }
        node.at.x -= grid.split
        add(node)
        node.id = row.id(time: time, isBackward: true)
        node.label = row.label(time: shown, isBackward: true)
        node.at = Diagram.Point(x: x + grid.split, y: grid.backward(index))
        add(node)
        addJoin(index, x, time)
    }

    /// The point where both halves meet, unless they meet elsewhere or are not read.
    private mutating func addJoin(_ index: Int, _ x: Double, _ time: String?) {
        let row = grid.rows[index]
        guard let height = grid.joins[index], row.cell?.returnsLast != true || time == nil else {
            return
        }
        let readers = grid.rows.filter { $0.sources.contains(index) }
        guard time == nil || readers.contains(where: { !$0.isFinal }) || isJoinedLast(index, time)
        else { return }
        let join = joinNode(index, x: x, height: height, time: time)
        add(join)
        for isBackward in [false, true] {
            guard let half = self[row.id(time: time, isBackward: isBackward)] else { continue }
            add(
                Diagram.Edge(
                    from: half.id,
                    to: join.id,
                    path: .between(half, join),
                    hasArrow: false,
                    isCircuit: time == nil
                )
            )
        }
    }

    private func isJoinedLast(_ index: Int, _ time: String?) -> Bool { time == lastTime }

    /// The last column's time: set by who draws the columns.
    var lastTime: String?

    func joinNode(_ index: Int, x: Double, height: Double, time: String?) -> Diagram.Node {
        Diagram.Node(
            id: "join " + grid.rows[index].id(time: time),
            role: .join,
            label: MathText(runs: []),
            shape: .circle(radius: 4),
            at: Diagram.Point(x: x, y: height),
            isCircuit: time == nil
        )
    }
}

extension SequenceColumns {
    /// The edges from one row to a row above it in the same column.
    private mutating func connect(_ source: Int, _ target: Int, x: Double, time: String?) {
        let from = grid.rows[source], to = grid.rows[target]
        let isPair = from.cell?.direction == .bidirectional
        let id = (isPair ? "join " : "") + from.id(time: time)
        // What reads the state after the whole sequence is connected when all columns stand.
        guard let start = self[id] else { return }
        if time != nil, to.isFinal, from.cell?.direction == .reverse { return }
        let halves = to.cell?.direction == .bidirectional ? [false, true] : [false]
        for isBackward in halves {
            guard let end = self[to.id(time: time, isBackward: isBackward)] else { continue }
            let isAdjacent = source == target - 1
            var edge = isAdjacent ? upward(start, end) : around(start, end)
            edge.label = to.weightLabel(isBackward: isBackward)
            if halves.count == 2, isAdjacent { moveLabel(of: &edge, isBackward) }
            edge.isCircuit = time == nil
            add(edge)
        }
    }

    /// To the left of the edge to the forward half; above that half for the other one.
    private func moveLabel(of edge: inout Diagram.Edge, _ isBackward: Bool) {
        let way = edge.path.end - edge.path.start
        let place = edge.path.start + way * (isBackward ? 0.78 : 0.5)
        edge.anchor = isBackward ? .start : .end
        edge.labelAt = place + Diagram.Point(x: isBackward ? 11 : -9, y: isBackward ? 5 : 8)
    }

    private func upward(_ start: Diagram.Node, _ end: Diagram.Node) -> Diagram.Edge {
        let path = EdgePath.between(start, end)
        let middle = (path.start + path.end) * 0.5
        let isSlanted = abs(path.start.x - path.end.x) > 1
        return Diagram.Edge(
            from: start.id,
            to: end.id,
            labelAt: Diagram.Point(
                x: middle.x + (isSlanted ? 12 : 9),
                y: middle.y + (isSlanted ? 10 : 5)
            ),
            anchor: .start,
            path: path
        )
    }

    /// Past the rows between, on the left.
    private func around(_ start: Diagram.Node, _ end: Diagram.Node) -> Diagram.Edge {
        let left = Diagram.Point(x: -1, y: 0)
        let from = start.border(toward: start.at + left)
        let to = end.border(toward: end.at + left)
        let x = min(start.at.x, end.at.x) - grid.reach - 14
        let corners = [from, Diagram.Point(x: x, y: from.y), Diagram.Point(x: x, y: to.y), to]
        let path = EdgePath.corners(corners, radius: 18)
        let middle = Diagram.Point(x: x - 6, y: (from.y + to.y) / 2 + 5)
        return Diagram.Edge(
            from: start.id,
            to: end.id,
            labelAt: middle,
            anchor: .end,
            path: path
        )
    }
}
