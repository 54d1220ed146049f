import Testing

/// A number computed in double precision and the sum of its terms' magnitudes.
struct Reference {
    var value: Double
    var magnitude: Double

    init(_ value: Double, magnitude: Double? = nil) {
        self.value = value
        self.magnitude = magnitude ?? value.magnitude
    }

    mutating func add(_ term: Double) {
        value += term
        magnitude += term.magnitude
    }
}

/// Every element within `tolerance` of its reference, relative to the magnitude of what was summed.
func expectClose(
    _ actual: [Float],
    _ expected: [Reference],
    tolerance: Double = 2e-6,
    _ comment: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record(
            "\(actual.count) elements, expected \(expected.count); \(comment())",
            sourceLocation: sourceLocation
        )
        return
    }
    var wrong = 0
    var worst = (index: 0, excess: -1.0)
    for index in actual.indices {
        if Double(actual[index]) == expected[index].value { continue }
        let bound = tolerance * expected[index].magnitude + 1e-30
        let excess = (Double(actual[index]) - expected[index].value).magnitude / bound
        if excess <= 1 { continue }
        wrong += 1
        if !(excess <= worst.excess) { worst = (index, excess) }
    }
    if wrong > 0 {
        let (index, _) = worst
        Issue.record(
            """
            \(wrong) of \(actual.count) differ, worst at \(index): \(actual[index]), \
            expected \(expected[index].value); \(comment())
            """,
            sourceLocation: sourceLocation
        )
    }
}

/// The same bits in every element.
func expectIdentical(
    _ actual: [Float],
    _ expected: [Float],
    _ comment: @autoclosure () -> String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let wrong = zip(actual, expected).enumerated().first {
        $0.element.0.bitPattern != $0.element.1.bitPattern
    }
    if actual.count != expected.count || wrong != nil {
        Issue.record(
            "element \(wrong?.offset ?? -1) differs: \(String(describing: wrong?.element)); \(comment())",
            sourceLocation: sourceLocation
        )
    }
}
