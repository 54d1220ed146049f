/// The layers of a convolutional network from the input down: slabs in proportion, and a table.
struct StackDiagram {
    let outline: NetworkOutline
    let rows: [StackRow]
    /// Rows that stand for several blocks alike.
    let repeats: [FoldedStack.Repeat]
    var diagram: Diagram
    /// The middle of each row, and where its drawing begins and ends.
    var bands: [(top: Double, middle: Double, bottom: Double)] = []

    static func draw(_ outline: NetworkOutline) -> Diagram {
        var stack = StackDiagram(outline)
        stack.addNodes()
        stack.addEdges()
        stack.addTable()
        return stack.diagram
    }

    private init(_ outline: NetworkOutline) {
        self.outline = outline
        let folded = FoldedStack(StackRow.read(outline))
        let isWhole = folded.rows.count <= StackRow.most
        rows = StackRow.shortened(folded.rows)
        repeats = isWhole ? folded.repeats : []
        diagram = Diagram(
            kind: .stack,
            title: "\(outline.name): its layers from the input to the output",
            summary: rows.map { row in
                [row.name, row.words, row.size].filter { !$0.isEmpty }.joined(separator: ", ")
            }.joined(separator: "; ") + "."
        )
    }

    private mutating func addNodes() {
        var y = 0.0
        for (index, row) in rows.enumerated() {
            let (width, height, depth) = row.slab
            let (_, rise) = Diagram.Shape.obliqueness(depth)
            let tall = row.role == .gap ? 20 : row.isThin ? 9 : height + rise
            let shape: Diagram.Shape =
                row.role == .gap
                ? .none
                : row.isThin
                    ? .box(width: width, height: 9)
                    : .slab(width: width, height: height, depth: depth)
            diagram.nodes.append(
                Diagram.Node(
                    id: row.role == .gap ? "gap" : row.name,
                    role: row.role,
                    label: row.role == .gap ? .words("⋮", bold: true) : MathText(runs: []),
                    shape: shape,
                    at: Diagram.Point(x: 0, y: y + tall / 2),
                    layer: row.role == .gap ? nil : row.name,
                    repeats: repeats.first { $0.rows.contains(index) }?.count ?? 1
                )
            )
            bands.append((y, y + tall / 2, y + tall))
            let next = index + 1 < rows.count && rows[index + 1].isThin
            y += tall + (next && row.isThin ? 20 : 24)
        }
    }

    /// Half the width of the widest drawing.
    var reach: Double {
        rows.map { row in
            (row.slab.width + Diagram.Shape.obliqueness(row.slab.depth).shift) / 2
        }.max() ?? 0
    }

    private mutating func addEdges() {
        var places: [String: Int] = [:]
        var lanes = Lanes()
        for (index, row) in rows.enumerated() {
            for input in row.inputs {
                guard let source = places[input] else { continue }
                let path: EdgePath
                if source == index - 1 {
                    path = .straight(
                        Diagram.Point(x: 0, y: bands[source].bottom),
                        Diagram.Point(x: 0, y: bands[index].top)
                    )
                } else {
                    let lane = lanes.take(from: source, to: index)
                    path = around(source, index, lane)
                }
                diagram.edges.append(
                    Diagram.Edge(
                        from: diagram.nodes[source].id,
                        to: diagram.nodes[index].id,
                        path: path
                    )
                )
            }
            places[row.name] = index
        }
    }

    /// Past the layers between, on the left.
    private func around(_ source: Int, _ target: Int, _ lane: Int) -> EdgePath {
        let x = -reach - 22 - 16 * Double(lane)
        func side(_ row: Int) -> Double {
            let (width, height, depth) = rows[row].slab
            guard rows[row].role != .gap else { return -8 }
            guard !rows[row].isThin else { return -width / 2 }
            let (shift, rise) = Diagram.Shape.obliqueness(depth)
            // At half height the lid's slanted edge may stand further in than the front.
            let share = rise > height ? (rise - height) / 2 / rise : 0
            return -(width + shift) / 2 + shift * share
        }
        return .corners([
            Diagram.Point(x: side(source), y: bands[source].middle),
            Diagram.Point(x: x, y: bands[source].middle),
            Diagram.Point(x: x, y: bands[target].middle),
            Diagram.Point(x: side(target), y: bands[target].middle),
        ])
    }
}

/// Vertical tracks beside a stack; edges on the same track do not overlap.
private struct Lanes {
    private var ends: [Int] = []

    mutating func take(from source: Int, to target: Int) -> Int {
        if let free = ends.firstIndex(where: { $0 < source }) {
            ends[free] = target
            return free
        }
        ends.append(target)
        return ends.count - 1
    }
}
