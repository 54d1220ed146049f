import Glibc
public import Graph

extension Model {
    /// Symbols of the longest sequence whose steps are left out one by one: each costs what the rest of it does.
    public static let longestExplained = 512

    /// By how many bits the surprise about a class or the next symbol grows when a symbol is left out: for each
    /// log₂ p(target | all) − log₂ p(target | all others).
    ///
    /// There are at least two tokens; `target` is a class or a symbol, nil the likeliest. Throws what computing throws.
    public func omission(
        of tokens: [Int32],
        output: String,
        target: Int?,
        isCancelled: () -> Bool
    ) throws(ModelError) -> Explanation {
        let whole = try distribution(after: tokens[...], initialState(), output, isCancelled).row
        let target = target ?? whole.indices.max { whole[$0] < whole[$1] } ?? 0
        guard whole.indices.contains(target) else {
            throw .indexOutOfRange(input: "target", position: 0, index: target, count: whole.count)
        }
        var losses: [Float] = []
        // The state before the symbol that is left out, and what the symbols before it said.
        var before = (row: [Float](), state: initialState())
        for index in tokens.indices {
            let row: [Float]
            if backwardLayer != nil {
                let rest = tokens[..<index] + tokens[(index + 1)...]
                row = try distribution(after: rest, initialState(), output, isCancelled).row
            } else {
                let rest = tokens[(index + 1)...]
                row =
                    rest.isEmpty
                    ? before.row
                    : try distribution(after: rest, before.state, output, isCancelled).row
                before = try distribution(
                    after: tokens[index...index],
                    before.state,
                    output,
                    isCancelled
                )
            }
            losses.append(Self.bits(whole[target]) - Self.bits(row[target]))
        }
        return Explanation(target: target, probability: whole[target], values: losses)
    }

    private static func bits(_ probability: Float) -> Float {
        Float(Glibc.log2(Double(max(probability, .leastNormalMagnitude))))
    }

    /// The probabilities after the last symbol.
    private func distribution(
        after tokens: ArraySlice<Int32>,
        _ start: SequenceState,
        _ output: String,
        _ isCancelled: () -> Bool
    ) throws(ModelError) -> (row: [Float], state: SequenceState) {
        var state = start
        var row: [Float] = []
        let tokens = Array(tokens)
        try advance(tokens, state: &state, outputs: [output], isCancelled: isCancelled) {
            (step, rows) throws(ModelError) in
            guard step == tokens.count - 1 else { return }
            try rows.withRow(0) { (values) throws(ModelError) in
                row = values.indices.map { values[$0] }
            }
        }
        return (try probabilities(of: [row], output: output)[0], state)
    }
}
