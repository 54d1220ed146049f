import Models

/// The words and numbers beside the slabs.
extension StackDiagram {
    /// The columns of the table: where they stand, and to which side their text is set.
    private var columns: [(title: String, x: Double, anchor: Diagram.Anchor)] {
        let start = reach + 38
        let names = widest(rows.map { printed($0.name) }, 8)
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

    mutating func addTable() {
        let columns = columns
        for (index, row) in rows.enumerated() {
            let texts = [
                printed(row.name), row.words, row.size, count(row.parameters),
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
        addRepeats(columns)
    }

    /// Brackets beside the rows of blocks that come several times.
    private mutating func addRepeats(
        _ columns: [(title: String, x: Double, anchor: Diagram.Anchor)]
    ) {
        let x = (columns.last?.x ?? 0) + 18
        for block in repeats {
            let (top, bottom) = (
                bands[block.rows.lowerBound].middle - 9, bands[block.rows.upperBound - 1].middle + 9
            )
            let corners = [(x - 7, top), (x, top), (x, bottom), (x - 7, bottom)]
                .map { Diagram.Point(x: $0.0, y: $0.1) }
            diagram.rules += zip(corners, corners.dropFirst()).map { ($0, $1) }
            diagram.captions.append(
                Diagram.Caption(
                    text: .words("× \(block.count)", bold: true),
                    at: Diagram.Point(x: x + 8, y: (top + bottom) / 2 + 5),
                    size: 15
                )
            )
        }
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
