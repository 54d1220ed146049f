/// The dimensions of a tensor, outermost first, as in ONNX.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    public var dimensions: [Int]

    public init(_ dimensions: [Int]) {
        self.dimensions = dimensions
    }

    public init(arrayLiteral elements: Int...) {
        dimensions = elements
    }

    public var rank: Int { dimensions.count }

    public subscript(axis: Int) -> Int {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }

    /// Number of elements; `nil` for a negative dimension or a product beyond `Int`.
    ///
    /// The dimensions beside a 0 must fit too: strides are made of them.
    public var checkedCount: Int? {
        var count = 1
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: max(dimension, 1))
            guard !overflow else { return nil }
            count = product
        }
        return dimensions.contains(0) ? 0 : count
    }

    /// Number of elements of a shape already known to be valid.
    public var count: Int {
        dimensions.reduce(1, *)
    }

    public var description: String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}

extension Shape {
    private static let highestRank = 64
    private static let longestEmpty = 1 << 28

    /// Whether loops over its axes end soon and products of its sizes fit, even where it has no elements.
    package var isUsual: Bool {
        guard rank <= Self.highestRank, let count = checkedCount else { return false }
        guard count == 0 else { return true }
        return Shape(dimensions.map { max($0, 1) }).count <= Self.longestEmpty
    }
}
