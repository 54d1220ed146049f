/// Where the rows and columns of a recurrent network's diagram stand.
struct SequenceGrid {
    let rows: [SequenceRow]
    /// The middle of each row; of a bidirectional one, of its forward half.
    private(set) var heights: [Double] = []
    /// The points where the two halves of a bidirectional row meet.
    private(set) var joins: [Int: Double] = [:]

    static let radius = 25.0
    static let boxHeight = 50.0
    private static let step = 96.0

    init(_ rows: [SequenceRow]) {
        self.rows = rows
        var height = 0.0
        for (index, row) in rows.enumerated() {
            heights.append(height)
            if row.cell?.direction == .bidirectional {
                height -= Self.step - 10
                if rows.contains(where: { $0.sources.contains(index) }) {
                    joins[index] = height - 58
                    height -= 58
                }
            }
            height -= Self.step
        }
    }

    var hasGates: Bool { rows.contains { $0.cell?.isGated == true } }
    var isTwoWay: Bool { rows.contains { $0.cell?.direction == .bidirectional } }
    var hasFeedback: Bool { rows.contains { $0.feedback != nil } }

    /// Two variables stand in the box of a cell with a state of its own beside its output.
    var boxWidth: Double { rows.contains { $0.cell?.hasCellState == true } ? 104 : 76 }

    /// How far the halves of a bidirectional row stand from the column's middle.
    var split: Double { hasGates ? boxWidth / 2 + 10 : 36 }

    /// From column to column.
    var pitch: Double {
        isTwoWay
            ? max(cellWidth + 2 * split + 20, nodeWidth + 40)
            : nodeWidth + (hasGates ? 66 : 72)
    }

    private var cellWidth: Double { hasGates ? boxWidth : 2 * Self.radius }

    private var nodeWidth: Double {
        max(cellWidth, rows.map { $0.hasWords ? $0.wordWidth : 0 }.max() ?? 0)
    }

    /// Half of what the widest node takes.
    var reach: Double { max(cellWidth / 2 + (isTwoWay ? split : 0), nodeWidth / 2) }

    /// The height of the backward half.
    func backward(_ row: Int) -> Double { heights[row] - (Self.step - 10) }

    var top: Double { heights.indices.map { joins[$0] ?? backwardTop($0) }.min() ?? 0 }

    private func backwardTop(_ row: Int) -> Double {
        rows[row].cell?.direction == .bidirectional ? backward(row) : heights[row]
    }
}

extension SequenceRow {
    /// Whether an operator's name, or a function of a variable, stands in a box.
    var hasWords: Bool { symbol.count > 1 }

    var wordWidth: Double { Double(min(symbol.count, 16)) * 10.5 + (role == .value ? 16 : 42) }

    func shape(_ grid: SequenceGrid) -> Diagram.Shape {
        if cell?.isGated == true {
            return .box(width: grid.boxWidth, height: SequenceGrid.boxHeight)
        }
        if hasWords { return .box(width: wordWidth, height: 40) }
        return .circle(radius: SequenceGrid.radius)
    }

    /// The row's variable at a time; `backward` is the half that reads from the end.
    func label(time: String?, isBackward: Bool = false) -> MathText {
        if role == .value, hasWords { return .words(abridged(symbol, to: 16)) }
        if symbol == "+" || symbol == "×" { return .variable(symbol) }
        let label = MathText.variable(isBackward ? "g" : symbol, index: index, time: time)
        guard cell?.hasCellState == true else { return label }
        return label + .comma
            + MathText.variable(isBackward ? "d" : "c", index: index, time: time)
    }

    func weightLabel(isBackward: Bool = false) -> MathText? {
        weight.map { .variable($0 + (isBackward ? "′" : ""), index: index) }
    }

    func recurrenceLabel(isBackward: Bool = false) -> MathText {
        .variable((symbol == "s" ? "f" : "W") + (isBackward ? "′" : ""), index: index)
    }

    /// Names of nodes: `h1(2)`; without time, of the circuit.
    func id(time: String?, isBackward: Bool = false) -> String {
        let symbol = isBackward ? "g" : symbol
        return symbol + (index.map(String.init) ?? "") + (time.map { "(\($0))" } ?? "")
    }
}
