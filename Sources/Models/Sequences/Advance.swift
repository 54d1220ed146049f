import Engine
public import Graph

/// The named outputs of one step of a sequence, or of one of several sequences that went a step together.
public struct SequenceRows {
    /// Which row of the values is meant.
    enum Place {
        case step(Int, of: Int)
        case member(Int, of: Int)
    }

    let source: SequenceSource
    let names: [String]
    let place: Place

    /// Reads the row of the output at `index` in the list asked for.
    ///
    /// Of a value that stands for the whole sequence so far, [1, …], every step gets the same row: the last
    /// step's is the one that counts.
    public func withRow<Result>(
        _ index: Int,
        _ body: (Span<Float>) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        switch source {
        case .plan(let outputs):
            let row = try row(of: try outputs.shape(of: names[index]), names[index])
            return try outputs.withFloats(names[index]) { span throws(ModelError) in
                try body(span.extracting(row))
            }
        case .tensors(let rows):
            let row = try row(of: try rows.shape(of: names[index]), names[index])
            let floats = try rows.floats(names[index])
            return try body(floats.span.extracting(row))
        }
    }

    /// Where the row's numbers are among those of a value.
    private func row(of shape: Shape, _ name: String) throws(ModelError) -> Range<Int> {
        switch place {
        case .step(let step, let steps):
            let isBatchFirst = shape.rank > 2 && shape[0] == 1 && shape[1] == steps
            let isWhole = shape[0] != steps && !isBatchFirst
            let width = isWhole ? shape.count / max(shape[0], 1) : shape.count / steps
            let start = isWhole ? 0 : step * width
            return start..<start + width
        case .member(let member, let count):
            // [1, B, …] or [B, …]: one step of each.
            guard shape.dimensions.first(where: { $0 != 1 }) ?? 1 == count else {
                throw .shape(node: name, reason: "it has no row for each of \(count) sequences")
            }
            let width = shape.count / count
            return member * width..<(member + 1) * width
        }
    }
}

/// What a chunk of a sequence answered.
enum SequenceSource {
    case plan(PlanOutputs)
    case tensors(ImportedRows)

    /// Gives `each` the rows of a chunk's steps, which are those at `indices` of the sequence.
    func handOver(
        _ names: [String],
        _ indices: Range<Int>,
        _ each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        for (step, index) in indices.enumerated() {
            try each(
                index,
                SequenceRows(source: self, names: names, place: .step(step, of: indices.count))
            )
        }
    }
}

extension Model {
    /// Steps that plans are made for: any sequence is cut into these, largest first, so that a model
    /// needs few plans and bounded memory however long its sequences are.
    private var chunkLengths: [Int] { reading?.takesSeveral == false ? [1] : [64, 16, 4, 1] }

    /// How many of so many symbols are read at once, beginning with the first.
    public func chunk(of rest: Int) -> Int {
        backwardLayer == nil ? chunkLengths.first { $0 <= rest } ?? 1 : rest
    }

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
        var sequence = SequenceInProgress(self, from: state)
        defer { state = sequence.state }
        try advance(
            tokens,
            in: &sequence,
            outputs: outputs,
            isCancelled: isCancelled,
            each: each
        )
    }

    /// Feeds symbols to the model, whose states stay in the memory of its plans between the chunks.
    ///
    /// As `advance(_:state:outputs:isCancelled:each:)` otherwise.
    public func advance(
        _ tokens: [Int32],
        in sequence: inout SequenceInProgress,
        outputs: [String],
        isCancelled: () -> Bool = { false },
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        try check(tokens)
        try sequence.check()
        if let backwardLayer {
            guard sequence.position == 0 else { throw .notStreamable(layer: backwardLayer) }
            guard tokens.count <= Self.longestWhole else {
                throw .sequenceTooLong(limit: Self.longestWhole, got: tokens.count)
            }
        }
        var done = 0
        while done < tokens.count {
            let length = chunk(of: tokens.count - done)
            try advanceChunk(
                tokens[done..<done + length],
                in: &sequence,
                outputs: outputs,
                isCancelled: isCancelled,
                each: each
            )
            done += length
        }
    }

    func check(_ tokens: [Int32]) throws(ModelError) {
        guard let count = manifest.input.symbolCount else {
            throw .wrongTask(model: name, task: manifest.task.name)
        }
        for (position, token) in tokens.enumerated() where token < 0 || token >= count {
            throw .tokenOutOfRange(position: position, token: Int(token), count: count)
        }
    }

    private func advanceChunk(
        _ tokens: ArraySlice<Int32>,
        in sequence: inout SequenceInProgress,
        outputs: [String],
        isCancelled: () -> Bool,
        each: (_ step: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) {
        let input = manifest.input.name
        let states = carriedStates
        guard let reading else { throw .wrongTask(model: name, task: manifest.task.name) }
        var shapes: [String: Shape] = [input: reading.shape(tokens.count)]
        for pair in states { shapes[pair.input] = pair.shape }
        let plan = try wholePlan(
            inputs: shapes,
            outputs: outputs + states.map(\.output),
            // A long sequence as a whole is a plan of its own that would take much memory to keep.
            isKept: tokens.count <= Self.longestKept
        )
        guard let plan else {
            return try advanceByTensors(
                reading.tensor(tokens),
                in: &sequence,
                outputs: outputs,
                isCancelled: isCancelled,
                indices: tokens.indices,
                each: each
            )
        }
        let run = try plan.finish(isCancelled: isCancelled) { inputs throws(ModelError) in
            if reading.type == .int32 {
                try inputs.fill(plan.input(named: input), reading.tensor(tokens))
            } else {
                try inputs.withIntegers(input) { span throws(ModelError) in
                    for (index, token) in tokens.enumerated() { span[index] = Int(token) }
                }
            }
            try sequence.fill(&inputs, of: plan)
        }
        try SequenceSource.plan(run.outputs).handOver(outputs, tokens.indices, each)
        try sequence.move(by: tokens.count, to: run)
    }
}
