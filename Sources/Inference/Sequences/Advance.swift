import Compute

/// The named outputs of one step.
public struct SequenceRows {
    fileprivate let outputs: PlanOutputs
    fileprivate let names: [String]
    fileprivate let step: Int

    /// Reads the step's row of the output at `index` in the list asked for.
    public func withRow<Result>(
        _ index: Int,
        _ body: (Span<Float>) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let shape = try outputs.shape(of: names[index])
        let width = shape.count / max(shape[0], 1)
        let start = step * width
        return try outputs.withFloats(names[index]) { span throws(ModelError) in
            try body(span.extracting(start..<start + width))
        }
    }
}

extension Model {
    /// Steps that plans are made for: any sequence is cut into these, largest first, so that a model
    /// needs few plans and bounded memory however long its sequences are.
    private static let chunkLengths = [64, 16, 4, 1]

    /// Feeds symbols to the model from `state`, which moves on, and hands every step's rows to `each`.
    ///
    /// The bits do not depend on how a sequence is cut into calls (law C7).
    /// - Parameters:
    ///   - tokens: Indices into the vocabulary.
    ///   - state: Where the sequence stands; after an error, where the last whole chunk ended.
    ///   - outputs: Names of layers, each a value [T, B, …].
    ///   - isCancelled: Polled between layers and chunks.
    ///   - each: Receives the step's index in `tokens` and its rows.
    /// - Throws: `tokenOutOfRange`, `unknownLayer`, `cancelled`, and what `each` throws.
    public func advance(
        _ tokens: [Int32],
        state: inout SequenceState,
        outputs: [String],
        isCancelled: () -> Bool = { false },
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        guard case .tokens(let input, let vocabulary) = manifest.input else {
            throw .wrongTask(model: name, task: manifest.task.rawValue)
        }
        for (position, token) in tokens.enumerated()
        where token < 0 || token >= vocabulary.symbols.count {
            throw .tokenOutOfRange(
                position: position,
                token: Int(token),
                count: vocabulary.symbols.count
            )
        }
        var done = 0
        while done < tokens.count {
            let length = Self.chunkLengths.first { $0 <= tokens.count - done } ?? 1
            try advanceChunk(
                tokens[done..<done + length],
                input: input,
                state: &state,
                outputs: outputs,
                isCancelled: isCancelled,
                each: each
            )
            done += length
        }
    }

    private func advanceChunk(
        _ tokens: ArraySlice<Int32>,
        input: String,
        state: inout SequenceState,
        outputs: [String],
        isCancelled: () -> Bool,
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        var shapes: [String: Shape] = [input: [tokens.count, 1]]
        for pair in states { shapes[pair.input] = [1, 1, pair.count] }
        let plan = try plan(inputs: shapes, outputs: outputs + states.map(\.output))
        let before = state
        try plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
            try inputs.withIntegers(input) { span throws(ModelError) in
                for (index, token) in tokens.enumerated() { span[index] = token }
            }
            for (index, pair) in states.enumerated() {
                try inputs.withFloats(pair.input) { span throws(ModelError) in
                    for unit in 0..<pair.count { span[unit] = before.values[index][unit] }
                }
            }
        } read: { results throws(ModelError) in
            for step in 0..<tokens.count {
                let rows = SequenceRows(outputs: results, names: outputs, step: step)
                try each(tokens.startIndex + step, rows)
            }
            for (index, pair) in states.enumerated() {
                try results.withFloats(pair.output) { span throws(ModelError) in
                    for unit in 0..<pair.count { state.values[index][unit] = span[unit] }
                }
            }
        }
        state.position += tokens.count
    }
}
