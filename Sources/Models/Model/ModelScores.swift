public import Graph

extension Model {
    /// The probabilities that rows of a classifier's output say, [classes] each.
    ///
    /// - Throws: `invalidManifest` where numbers that are said to be probabilities are none.
    public func probabilities(
        of rows: [[Float]],
        output: String
    ) throws(ModelError) -> [[Float]] {
        var answers: [[Float]] = []
        for row in rows { answers.append(try scores.probabilities(row, output: output)) }
        return answers
    }
}
