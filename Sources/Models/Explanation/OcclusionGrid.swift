/// Windows that cover an input one after the other, from the top left; a series has one row.
public struct OcclusionGrid: Sendable, Equatable {
    /// Of the input, in pixels or steps.
    public let height: Int
    public let width: Int
    /// Rows and columns of the input that a window covers.
    public let window: (height: Int, width: Int)
    /// Rows and columns from one window to the next.
    public let stride: (height: Int, width: Int)

    /// More windows are not tried.
    public static let mostWindows = 4096
    /// As many at most where no stride is given.
    private static let usualWindows = 400

    /// Windows of the receptive field of the layer that sees nearest to a third of the input, a quarter of it apart, unless
    /// they are given; nil where they are too many.
    public init?(
        height: Int,
        width: Int,
        window: Int?,
        stride: Int?,
        layers: [LayerSummary]
    ) {
        (self.height, self.width) = (height, width)
        let fields = layers.compactMap(\.receptiveField)
        func usual(_ side: Int, _ sizes: [Int]) -> Int {
            let seen = sizes.filter { $0 > 1 && $0 <= side / 3 }.max() ?? side / 5
            return max(1, seen, side / 8)
        }
        let size = (
            min(height, window ?? usual(height, fields.map(\.height))),
            min(width, window ?? usual(width, fields.map(\.width)))
        )
        self.window = size
        guard let stride else {
            var step = (max(1, size.0 / 4), max(1, size.1 / 4))
            while Self.count(height, size.0, step.0) * Self.count(width, size.1, step.1)
                > Self.usualWindows
            { step = (step.0 + 1, step.1 + 1) }
            self.stride = step
            return
        }
        self.stride = (stride, stride)
        guard rows * columns <= Self.mostWindows else { return nil }
    }

    public static func == (first: Self, second: Self) -> Bool {
        (first.height, first.width) == (second.height, second.width)
            && first.window == second.window && first.stride == second.stride
    }

    public var rows: Int { Self.count(height, window.height, stride.height) }
    public var columns: Int { Self.count(width, window.width, stride.width) }
    public var count: Int { rows * columns }

    private static func count(_ side: Int, _ window: Int, _ stride: Int) -> Int {
        (max(0, side - window) + stride - 1) / stride + 1
    }

    /// What the window at an index covers; the last one of a row ends with the input.
    public func area(of index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        func range(_ place: Int, of side: Int, window: Int, stride: Int) -> Range<Int> {
            let start = min(place * stride, side - window)
            return start..<start + window
        }
        return (
            range(index / columns, of: height, window: window.height, stride: stride.height),
            range(index % columns, of: width, window: window.width, stride: stride.width)
        )
    }

    /// The mean of the windows' values over each pixel or step.
    public func spread(_ values: [Float]) -> [Float] {
        // Sums of differences: each window changes four corners.
        let line = width + 1
        var sums = [Float](repeating: 0, count: (height + 1) * line)
        var counts = sums
        for (index, value) in values.enumerated() {
            let area = area(of: index)
            let (top, bottom) = (area.rows.lowerBound * line, area.rows.upperBound * line)
            let (left, right) = (area.columns.lowerBound, area.columns.upperBound)
            for (place, sign) in [
                (top + left, 1), (top + right, -1), (bottom + left, -1), (bottom + right, 1),
            ] as [(Int, Float)] {
                sums[place] += sign * value
                counts[place] += sign
            }
        }
        Self.integrate(&sums, width: line)
        Self.integrate(&counts, width: line)
        return (0..<height * width).map { index in
            let place = index / width * line + index % width
            return counts[place] > 0.5 ? sums[place] / counts[place] : 0
        }
    }

    /// Sums of all that stand above and before each number.
    private static func integrate(_ numbers: inout [Float], width: Int) {
        for place in numbers.indices where !place.isMultiple(of: width) {
            numbers[place] += numbers[place - 1]
        }
        for place in numbers.indices.dropFirst(width) { numbers[place] += numbers[place - width] }
    }
}
