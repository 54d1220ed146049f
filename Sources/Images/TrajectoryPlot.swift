/// States over time as lines, and the path of the first two units in their plane.
public struct TrajectoryPlot {
    private let values: [Float]
    private let steps: Int
    private let units: Int
    private let low: Float
    private let high: Float
    private let symbols: [String]

    private static let side = 320
    private static let margin = (left: 58, right: 14, top: 22)
    private static let paper = Colour(255, 255, 255)
    private static let frame = Colour(190, 190, 190)
    private static let start = Colour(0, 120, 60)
    /// Lines of more units are not told apart by a legend.
    private static let mostNamed = 8

    /// `values` are [steps, units], finite; `symbols`, if there are any, stand under the steps that read them.
    public init(values: [Float], steps: Int, units: Int, symbols: [String] = []) {
        precondition(values.count == steps * units, "values are not [steps, units]")
        self.values = values
        self.steps = steps
        self.units = units
        self.symbols = symbols
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        // A constant gets a range around it.
        low = most > least ? least : least - 1
        high = most > least ? most : most + 1
    }

    /// What the axes mean, in words.
    public var legend: String {
        "left: \(units) units over \(steps) steps; values \(low)..\(high)"
            + (units >= 2
                ? "; right: unit 1 across, unit 2 upward, from the square along the arrows" : "")
    }

    public func render() -> Image {
        let (side, margin) = (Self.side, Self.margin)
        let wide = 2 * side
        let second = margin.left + wide + margin.right + margin.left
        let width = units >= 2 ? second + side + margin.right : margin.left + wide + margin.right
        var canvas = Canvas(
            width: width,
            height: margin.top + side + Canvas.timeAxisHeight + 4,
            fill: Self.paper
        )
        drawLines(&canvas, width: wide)
        if units >= 2 { drawPath(&canvas, left: second) }
        return canvas.image
    }

    private func drawLines(_ canvas: inout Canvas, width: Int) {
        let left = Self.margin.left
        frame(&canvas, left: left, width: width)
        valueAxis(&canvas, left: left)
        canvas.timeAxis(
            left..<left + width,
            bottom: Self.margin.top + Self.side + 1,
            steps: steps,
            symbols: symbols,
            isCell: false
        )
        for unit in 0..<units {
            line(&canvas, colour(unit)) { step in
                (left + across(Float(step) / Float(max(steps - 1, 1)), width), row(step, unit))
            }
        }
        guard units <= Self.mostNamed else { return }
        for unit in 0..<units {
            canvas.letter(
                "unit \(unit + 1)",
                at: left + 4 + unit * 52,
                top: 6,
                anchor: .start,
                ink: colour(unit)
            )
        }
    }

    private func drawPath(_ canvas: inout Canvas, left: Int) {
        let side = Self.side
        frame(&canvas, left: left, width: side)
        valueAxis(&canvas, left: left)
        let bottom = Self.margin.top + side + 1
        for value in ticks {
            let column = left + across(height(of: Float(value)), side)
            for row in bottom..<bottom + 3 {
                canvas.fill(row: row, from: column, 1, with: Canvas.axisInk)
            }
            canvas.letter(Ticks.label(value), at: column, top: bottom + 4)
        }
        canvas.letter(
            "unit 1",
            at: left + side,
            top: bottom + 6 + Lettering.height,
            anchor: .end
        )
        canvas.letter("unit 2", at: left, top: 6, anchor: .start)
        func point(_ step: Int) -> (column: Int, row: Int) {
            (left + across(height(step, 0), side), row(step, 1))
        }
        line(&canvas, colour(0), point)
        drawDirections(&canvas, point)
        let first = point(0)
        for row in first.row - 3...first.row + 3 {
            canvas.fill(row: row, from: first.column - 3, 7, with: Self.start)
        }
    }

    /// Arrows where the path has gone a quarter, a half, three quarters and all of its length.
    private func drawDirections(
        _ canvas: inout Canvas,
        _ point: (Int) -> (column: Int, row: Int)
    ) {
        let points = (0..<steps).map(point)
        var lengths: [Double] = [0]
        for (one, next) in zip(points, points.dropFirst()) {
            let (x, y) = (Double(next.column - one.column), Double(next.row - one.row))
            lengths.append((lengths.last ?? 0) + (x * x + y * y).squareRoot())
        }
        let whole = lengths.last ?? 0
        guard whole > 24 else { return }
        for part in 1...4 {
            let wanted = whole * Double(part) / 4
            guard let step = lengths.firstIndex(where: { $0 >= wanted - 1e-9 }), step > 0,
                let before = (0..<step).last(where: { lengths[step] - lengths[$0] >= 6 })
            else { continue }
            let (x, y) = (
                Double(points[step].column - points[before].column),
                Double(points[step].row - points[before].row)
            )
            let length = (x * x + y * y).squareRoot()
            guard length > 0 else { continue }
            for sign in [-1.0, 1] {
                // Barbs of eight pixels, thirty degrees off the way back.
                let back = (x: -x / length * 0.866, y: -y / length * 0.866)
                let aside = (x: -y / length * 0.5 * sign, y: x / length * 0.5 * sign)
                for pixel in 0...8 {
                    let column = Double(points[step].column) + Double(pixel) * (back.x + aside.x)
                    let row = Double(points[step].row) + Double(pixel) * (back.y + aside.y)
                    canvas.fill(
                        row: Int(row.rounded()),
                        from: Int(column.rounded()),
                        1,
                        with: Canvas.axisInk
                    )
                }
            }
        }
    }

    private func colour(_ unit: Int) -> Colour {
        let table = ColourMap.viridis.table
        return table[units == 1 ? 60 : unit * 220 / (units - 1)]
    }

    private var ticks: [Double] { Ticks.values(Double(low), Double(high), about: 6) }

    private func valueAxis(_ canvas: inout Canvas, left: Int) {
        for value in ticks {
            let row = Self.margin.top + across(1 - height(of: Float(value)), Self.side)
            canvas.fill(row: row, from: left - 4, 3, with: Canvas.axisInk)
            canvas.letter(
                Ticks.label(value),
                at: left - 6,
                top: max(0, row - Lettering.height / 2),
                anchor: .end
            )
        }
    }

    /// From 0 at the lowest value to 1 at the highest.
    private func height(_ step: Int, _ unit: Int) -> Float {
        height(of: values[step * units + unit])
    }

    private func height(of value: Float) -> Float {
        (value / 2 - low / 2) / (high / 2 - low / 2)
    }

    private func row(_ step: Int, _ unit: Int) -> Int {
        Self.margin.top + across(1 - height(step, unit), Self.side)
    }

    private func across(_ part: Float, _ length: Int) -> Int {
        min(max(Int(part * Float(length - 1) + 0.5), 0), length - 1)
    }

    private func frame(_ canvas: inout Canvas, left: Int, width: Int) {
        let (top, bottom) = (Self.margin.top - 1, Self.margin.top + Self.side)
        for row in top...bottom {
            let isEdge = row == top || row == bottom
            canvas.fill(row: row, from: left - 1, isEdge ? width + 2 : 1, with: Self.frame)
            canvas.fill(row: row, from: left + width, 1, with: Self.frame)
        }
    }

    /// Connects the points of all steps.
    private func line(
        _ canvas: inout Canvas,
        _ colour: Colour,
        _ point: (Int) -> (column: Int, row: Int)
    ) {
        var last = point(0)
        canvas.fill(row: last.row, from: last.column, 1, with: colour)
        for step in 1..<max(steps, 1) {
            let next = point(step)
            let count = max(abs(next.column - last.column), abs(next.row - last.row))
            for part in 1...max(count, 1) {
                let row = last.row + (next.row - last.row) * part / max(count, 1)
                let column = last.column + (next.column - last.column) * part / max(count, 1)
                canvas.fill(row: row, from: column, 1, with: colour)
            }
            last = next
        }
    }
}
