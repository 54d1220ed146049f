import Inference

/// The layers of a convolutional network from the input down: slabs in proportion, and a table.
struct StackDiagram {
    private let outline: NetworkOutline
    private let rows: [StackRow]
    private var diagram: Diagram
    /// The middle of each row, and where its drawing begins and ends.
    private var bands: [(top: Double, middle: Double, bottom: Double)] = []

    static func draw(_ outline: NetworkOutline) -> Diagram {
        var stack = StackDiagram(outline)
        stack.addNodes()
        stack.addEdges()
        stack.addTable()
        return stack.diagram
    }

    private init(_ outline: NetworkOutline) {
        self.outline = outline
        rows = StackRow.read(outline)
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
                    at: Diagram.Point(x: 0, y: y + tall / 2)
                )
            )
            bands.append((y, y + tall / 2, y + tall))
            let next = index + 1 < rows.count && rows[index + 1].isThin
            y += tall + (next && row.isThin ? 20 : 24)
        }
    }

    /// Half the width of the widest drawing.
    private var reach: Double {
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

extension StackDiagram {
    /// The columns of the table: where they stand, and to which side their text is set.
    private var columns: [(title: String, x: Double, anchor: Diagram.Anchor)] {
        let start = reach + 38
        let names = widest(rows.map { abridged($0.name) }, 8)
        let words = widest(rows.map(\.words), 7.3)
        let sizes = max(80, widest(rows.map(\.size), 6.8))
        let first = start + names + 18
        let second = first + words + 18
        let third = second + sizes + 88
        return [
            ("layer", start, .start), ("operator", first, .start), ("output", second, .start),
            ("parameters", third, .end), ("multiply–adds", third + 108, .end),
            ("receptive field", third + 212, .end),
        ]
    }

    private func widest(_ texts: [String], _ letter: Double) -> Double {
        Double(texts.map(\.count).max() ?? 0) * letter
    }

    private mutating func addTable() {
        let columns = columns
        for (index, row) in rows.enumerated() {
            let texts = [
                abridged(row.name), row.words, row.size, count(row.parameters),
                count(row.multiplyAdds), row.field,
            ]
            add(texts, at: bands[index].middle + 4, columns)
            guard row.role != .gap else { continue }
            let shift = row.isThin ? 0 : Diagram.Shape.obliqueness(row.slab.depth).shift
            let start = (row.slab.width + shift) / 2 + 6
            diagram.rules.append(
                (
                    Diagram.Point(x: start, y: bands[index].middle),
                    Diagram.Point(x: columns[0].x - 8, y: bands[index].middle)
                )
            )
        }
        addHeader(columns)
        addTotal(columns)
    }

    /// A number, or a dash where there is nothing to count.
    private func count(_ number: Int?) -> String {
        number.map { $0 == 0 ? "–" : grouped($0) } ?? ""
    }

    private mutating func add(
        _ texts: [String],
        at y: Double,
        _ columns: [(title: String, x: Double, anchor: Diagram.Anchor)],
        isHeader: Bool = false
    ) {
        for (index, text) in texts.enumerated() where !text.isEmpty {
            diagram.captions.append(
                Diagram.Caption(
                    text: .words(text, bold: index == 0 && !isHeader),
                    at: Diagram.Point(x: columns[index].x, y: y),
                    size: isHeader ? 11.5 : 12.5,
                    anchor: columns[index].anchor,
                    isFaint: isHeader || index == 1
                )
            )
        }
    }

    private mutating func addHeader(
        _ columns: [(title: String, x: Double, anchor: Diagram.Anchor)]
    ) {
        add(columns.map(\.title), at: -24, columns, isHeader: true)
        line(at: -15, columns)
        diagram.captions.append(
            Diagram.Caption(
                text: .words(outline.name, bold: true),
                at: Diagram.Point(x: -reach, y: -66),
                size: 17
            )
        )
        guard outline.hasAnySize else { return }
        let side = LayerSummary.referenceSide
        diagram.captions.append(
            Diagram.Caption(
                text: .words(
                    "Takes pictures of any size; the sizes here are for \(side) × \(side)."
                ),
                at: Diagram.Point(x: -reach, y: -46),
                isFaint: true
            )
        )
    }

    private mutating func addTotal(
        _ columns: [(title: String, x: Double, anchor: Diagram.Anchor)]
    ) {
        let bottom = (bands.last?.bottom ?? 0) + 16
        line(at: bottom, columns)
        let texts = [
            "total", "", "", grouped(outline.parameters), grouped(outline.multiplyAdds), "",
        ]
        add(texts, at: bottom + 18, columns)
    }

    private mutating func line(
        at y: Double,
        _ columns: [(title: String, x: Double, anchor: Diagram.Anchor)]
    ) {
        guard let first = columns.first, let last = columns.last else { return }
        diagram.rules.append((Diagram.Point(x: first.x, y: y), Diagram.Point(x: last.x, y: y)))
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
