import Compute

/// The named outputs of one step.
public struct SequenceRows {
    fileprivate let outputs: PlanOutputs
    fileprivate let names: [String]
    fileprivate let step: Int
    fileprivate let steps: Int

    /// Reads the step's row of the output at `index` in the list asked for.
    ///
    /// Of a value that stands for the whole sequence so far, [1, …], every step gets the same row: the last
    /// step's is the one that counts.
    public func withRow<Result>(
        _ index: Int,
        _ body: (Span<Float>) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let shape = try outputs.shape(of: names[index])
        let width = shape.count / max(shape[0], 1)
        let start = shape[0] == steps ? step * width : 0
        return try outputs.withFloats(names[index]) { span throws(ModelError) in
            try body(span.extracting(start..<start + width))
        }
    }
}

extension Model {
    /// Steps that plans are made for: any sequence is cut into these, largest first, so that a model
    /// needs few plans and bounded memory however long its sequences are.
    private static let chunkLengths = [64, 16, 4, 1]

    /// Steps of the longest sequence a model with a layer that reads backward takes: it is one plan.
    public static let longestWhole = 4096

    /// Steps of the longest sequence whose plan is kept for the next one of its length.
    private static let longestKept = 256

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
        try check(tokens)
        if let backwardLayer {
            guard state.position == 0 else { throw .notStreamable(layer: backwardLayer) }
            guard tokens.count <= Self.longestWhole else {
                throw .sequenceTooLong(limit: Self.longestWhole, got: tokens.count)
            }
        }
        var done = 0
        while done < tokens.count {
            let rest = tokens.count - done
            let length =
                backwardLayer == nil ? Self.chunkLengths.first { $0 <= rest } ?? 1 : rest
            try advanceChunk(
                tokens[done..<done + length],
                state: &state,
                outputs: outputs,
                isCancelled: isCancelled,
                each: each
            )
            done += length
        }
    }

    private func check(_ tokens: [Int32]) throws(ModelError) {
        guard let count = manifest.input.symbolCount else {
            throw .wrongTask(model: name, task: manifest.task.rawValue)
        }
        for (position, token) in tokens.enumerated() where token < 0 || token >= count {
            throw .tokenOutOfRange(position: position, token: Int(token), count: count)
        }
    }

    private func advanceChunk(
        _ tokens: ArraySlice<Int32>,
        state: inout SequenceState,
        outputs: [String],
        isCancelled: () -> Bool,
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        let input = manifest.input.name
        let states = carriedStates
        var shapes: [String: Shape] = [input: [tokens.count, 1]]
        for pair in states { shapes[pair.input] = [1, 1, pair.count] }
        let wanted = outputs + states.map(\.output)
        // A long sequence as a whole is a plan of its own that would take much memory to keep.
        let plan =
            try tokens.count > Self.longestKept
            ? makePlan(inputs: shapes, outputs: wanted) : plan(inputs: shapes, outputs: wanted)
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
                let rows = SequenceRows(
                    outputs: results,
                    names: outputs,
                    step: step,
                    steps: tokens.count
                )
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
