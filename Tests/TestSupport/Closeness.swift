public import Testing

/// How far two results may be apart, element by element.
public struct Tolerance: Sendable {
    public let relative: Double
    public let absolute: Double

    /// Equal bits apart from the sign of zero.
    public static let exact = Tolerance(relative: 0, absolute: 0)
    /// fp32 arithmetic against a float64 reference.
    public static let close = Tolerance(relative: 1e-5, absolute: 1e-6)
    /// Long sums with cancellation.
    public static let loose = Tolerance(relative: 1e-3, absolute: 1e-4)

    public init(relative: Double, absolute: Double) {
        self.relative = relative
        self.absolute = absolute
    }
}

/// Compares every element; `relative` is of the larger of the expected element and its tensor's scale.
///
/// A NaN is never close. The failure says how many elements are off and which is the worst.
public func expectClose(
    _ actual: [Float],
    _ expected: [Double],
    _ tolerance: Tolerance = .close,
    scale: Double = 0,
    _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record(
            "\(comment): \(actual.count) elements, expected \(expected.count)",
            sourceLocation: sourceLocation
        )
        return
    }
    var wrong = 0
    var worst = (index: 0, excess: 0.0)
    for index in expected.indices {
        let magnitude = max(abs(expected[index]), scale)
        let allowed = tolerance.absolute + tolerance.relative * magnitude
        let difference = abs(Double(actual[index]) - expected[index])
        if difference <= allowed { continue }
        wrong += 1
        let excess = difference.isNaN ? .infinity : difference / max(allowed, 1e-300)
        if excess > worst.excess { worst = (index, excess) }
    }
    if wrong > 0 {
        Issue.record(
            """
            \(comment): \(wrong) of \(expected.count) elements are off, the worst at \(worst.index): \
            \(actual[worst.index]), expected \(expected[worst.index])
            """,
            sourceLocation: sourceLocation
        )
    }
}

/// Requires equal bits, element by element.
public func expectSameBits(
    _ actual: [Float],
    _ expected: [Float],
    _ comment: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isSame =
        actual.count == expected.count
        && zip(actual, expected).allSatisfy { $0.bitPattern == $1.bitPattern }
    let first = zip(actual, expected).enumerated().first {
        $0.element.0.bitPattern != $0.element.1.bitPattern
    }
    let detail = first.map { "\($0.offset): \($0.element.0) and \($0.element.1)" } ?? "the count"
    #expect(isSame, "\(comment): differs at \(detail)", sourceLocation: sourceLocation)
}
