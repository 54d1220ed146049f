/// States over time as lines, and the path of the first two units in their plane.
public struct TrajectoryPlot {
    private let values: [Float]
    private let steps: Int
    private let units: Int
    private let low: Float
    private let high: Float

    private static let side = 320
    private static let margin = 12
    private static let paper = Colour(255, 255, 255)
    private static let frame = Colour(190, 190, 190)

    /// `values` are [steps, units], finite.
    public init(values: [Float], steps: Int, units: Int) {
        precondition(values.count == steps * units, "values are not [steps, units]")
        self.values = values
        self.steps = steps
        self.units = units
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        // A constant gets a range around it.
        low = most > least ? least : least - 1
        high = most > least ? most : most + 1
    }

    /// What the axes mean, in words.
    public var legend: String {
        "left: \(units) units over \(steps) steps; values \(low)..\(high)"
            + (units >= 2 ? "; right: unit 0 across, unit 1 upward" : "")
    }

    public func render() -> Image {
        let (side, margin) = (Self.side, Self.margin)
        let wide = 2 * side
        let width = wide + 2 * margin + (units >= 2 ? side + margin : 0)
        var canvas = Canvas(width: width, height: side + 2 * margin, fill: Self.paper)
        let colours = ColourMap.viridis.table
        frame(&canvas, left: margin, width: wide)
        for unit in 0..<units {
            let colour = colours[units == 1 ? 60 : unit * 220 / (units - 1)]
            line(&canvas, colour) { step in
                (margin + across(Float(step) / Float(max(steps - 1, 1)), wide), row(step, unit))
            }
        }
        guard units >= 2 else { return canvas.image }
        let left = wide + 2 * margin
        frame(&canvas, left: left, width: side)
        line(&canvas, colours[60]) { step in
            (left + across(height(step, 0), side), row(step, 1))
        }
        return canvas.image
    }

    /// From 0 at the lowest value to 1 at the highest.
    private func height(_ step: Int, _ unit: Int) -> Float {
        (values[step * units + unit] / 2 - low / 2) / (high / 2 - low / 2)
    }

    private func row(_ step: Int, _ unit: Int) -> Int {
        Self.margin + across(1 - height(step, unit), Self.side)
    }

    private func across(_ part: Float, _ length: Int) -> Int {
        min(max(Int(part * Float(length - 1) + 0.5), 0), length - 1)
    }

    private func frame(_ canvas: inout Canvas, left: Int, width: Int) {
        let (top, bottom) = (Self.margin - 1, Self.margin + Self.side)
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
