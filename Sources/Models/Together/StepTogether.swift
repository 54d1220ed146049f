import Backports
import Engine
public import Graph

extension Model {
    /// The most sequences that go a step together; plans are made for powers of two up to it.
    public static let mostTogether = 32

    /// Whether steps of several sequences can be one plan: symbols, and states of which it is known how several lie.
    ///
    /// Of an ONNX file the input must have a batch of any size.
    public var canStepTogether: Bool {
        guard let reading, reading.rank == 2, !carriedStates.isEmpty,
            let port = signature.inputs.first(where: { $0.name == manifest.input.name })
        else { return false }
        return port.dimensions[1 - reading.timeAxis] == nil
            && carriedStates.allSatisfy { $0.batchAxis != nil }
    }

    /// Feeds one symbol each to several sequences, in one plan, and hands every sequence's row to `each`.
    ///
    /// Every sequence gets the bits it would get alone: no number depends on what else is in a batch.
    /// - Parameters:
    ///   - tokens: A symbol for each of `states`, of which there are at most `mostTogether`.
    ///   - states: Where the sequences stand; they move on when all is computed.
    ///   - outputs: For each sequence names of layers, each a value [1, B, …] or [B, …].
    ///   - isCancelled: Polled between layers.
    ///   - each: Receives the index of a sequence and its row.
    /// - Returns: Whether there is such a plan; if not, nothing was computed.
    /// - Throws: `tokenOutOfRange`, `unknownLayer`, `cancelled`, what the plan says of its memory, and what `each` throws.
    public func stepTogether(
        _ tokens: [Int32],
        states: inout [SequenceState],
        outputs: [[String]],
        isCancelled: () -> Bool = { false },
        each: (_ member: Int, _ rows: SequenceRows) throws(ModelError) -> Void
    ) throws(ModelError) -> Bool {
        try check(tokens)
        let size = Self.batch(for: tokens.count)
        // In one order, so that few plans serve all mixtures.
        let names = Set(outputs.joined()).sorted()
        guard let reading, canStepTogether, states.allSatisfy(isOfOneSequence),
            let batch = try JoinedStep(self, reading, size, outputs: names)
        else { return false }
        let given = states
        var after: [SequenceState] = given
        try batch.plan.run(isCancelled: isCancelled) { inputs throws(ModelError) in
            try batch.fill(&inputs, tokens, given)
        } read: { results throws(ModelError) in
            for member in tokens.indices {
                let rows = SequenceRows(
                    source: .plan(results),
                    names: outputs[member],
                    place: .member(member, of: size)
                )
                try each(member, rows)
            }
            try batch.read(results, into: &after)
        }
        states = after
        return true
    }

    /// The sequences that a plan for so many is made for.
    public static func batch(for count: Int) -> Int {
        var size = 2
        while size < count { size *= 2 }
        return size
    }
}

/// One step of several sequences as a plan.
private struct JoinedStep {
    let plan: Plan
    private let model: Model
    private let reading: SymbolReading
    private let size: Int

    /// Nil where the file's nodes are not one plan, or its states do not lie side by side.
    init?(
        _ model: Model,
        _ reading: SymbolReading,
        _ size: Int,
        outputs: [String]
    ) throws(ModelError) {
        let states = model.carriedStates
        guard let step = reading.shape(ofStep: size) else { return nil }
        var shapes = [model.manifest.input.name: step]
        for pair in states { shapes[pair.input] = pair.shape(of: size) }
        let plan = try model.wholePlan(
            inputs: shapes,
            outputs: outputs + states.map(\.output)
        )
        guard let plan else { return nil }
        for pair in states {
            let output = plan.outputs.first { $0.name == pair.output }
            guard output?.shape == pair.shape(of: size) else { return nil }
        }
        (self.plan, self.model, self.reading, self.size) = (plan, model, reading, size)
    }

    func fill(
        _ inputs: inout PlanInputs,
        _ tokens: [Int32],
        _ given: [SequenceState]
    ) throws(ModelError) {
        // What fills the batch up reads the first symbol, which is one of any vocabulary.
        let rest = [Int32](repeating: 0, count: size - tokens.count)
        let name = model.manifest.input.name
        let step = reading.tensor(tokens + rest)
        try inputs.fill(
            plan.input(named: name),
            Tensor(shape: plan.input(named: name).shape, elements: step.elements)
        )
        for (index, pair) in model.carriedStates.enumerated() {
            let runs = pair.runs(of: size)
            try inputs.withFloats(pair.input) { span throws(ModelError) in
                for member in 0..<size {
                    let floats = member < given.count ? given[member].tensors[index].floats : nil
                    for run in runs {
                        let start = run.start + member * run.width
                        guard let floats else {
                            for offset in 0..<run.width { span[start + offset] = 0 }
                            continue
                        }
                        let source = floats.span
                        for offset in 0..<run.width {
                            span[start + offset] = source[run.source + offset]
                        }
                    }
                }
            }
        }
    }

    func read(
        _ results: PlanOutputs,
        into states: inout [SequenceState]
    ) throws(ModelError) {
        for (index, pair) in model.carriedStates.enumerated() {
            let runs = pair.runs(of: size)
            try results.withFloats(pair.output) { span throws(ModelError) in
                for member in states.indices {
                    let floats = [Float](capacity: pair.count) { output in
                        for run in runs {
                            let start = run.start + member * run.width
                            for place in start..<start + run.width { output.append(span[place]) }
                        }
                    }
                    states[member].tensors[index] = Tensor(shape: pair.shape, floats: floats)
                }
            }
        }
        for member in states.indices { states[member].position += 1 }
    }
}

extension StatePair {
    /// Numbers of a state that lie together among those of several sequences.
    struct Run {
        /// Where the first sequence's are; the others' follow.
        let start: Int
        let width: Int
        /// Where they are in the state of one sequence.
        let source: Int
    }

    /// The shape of the states of several sequences side by side.
    func shape(of count: Int) -> Shape {
        var dimensions = shape.dimensions
        if let batchAxis { dimensions[batchAxis] = count }
        return Shape(dimensions)
    }

    func runs(of count: Int) -> [Run] {
        let axis = batchAxis ?? 0
        let outer = shape.dimensions.prefix(axis).reduce(1, *)
        let width = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        return (0..<outer).map {
            Run(start: $0 * count * width, width: width, source: $0 * width)
        }
    }
}

extension Model {
    /// Whether a batch of these sequences gives each of them the bits it has alone; true if there is no such plan.
    ///
    /// Of layers that is known; an ONNX file may have its sequences look at each other.
    public func agreesTogether(
        _ tokens: [Int32],
        _ states: [SequenceState],
        outputs: [[String]]
    ) throws(ModelError) -> Bool {
        var joined = states
        var rows: [[Float]] = []
        let isPlanned = try stepTogether(tokens, states: &joined, outputs: outputs) {
            (member, step) throws(ModelError) in
            rows.append(try step.floats(outputs[member].count))
        }
        guard isPlanned else { return true }
        for member in tokens.indices.prefix(2) {
            var alone = states[member]
            var row: [Float] = []
            try advance([tokens[member]], state: &alone, outputs: outputs[member]) {
                (_, step) throws(ModelError) in
                row = try step.floats(outputs[member].count)
            }
            guard alone.hasBits(of: joined[member]), row.hasBits(of: rows[member]) else {
                return false
            }
        }
        return true
    }
}

extension SequenceRows {
    /// The rows of the first outputs, one behind the other.
    fileprivate func floats(_ count: Int) throws(ModelError) -> [Float] {
        var floats: [Float] = []
        for index in 0..<count {
            try withRow(index) { (row) throws(ModelError) in
                for place in row.indices { floats.append(row[place]) }
            }
        }
        return floats
    }
}

extension SequenceState {
    fileprivate func hasBits(of other: SequenceState) -> Bool {
        zip(tensors, other.tensors).allSatisfy { ($0.floats ?? []).hasBits(of: $1.floats ?? []) }
    }
}

extension [Float] {
    /// NaN is like NaN here.
    fileprivate func hasBits(of other: [Float]) -> Bool {
        elementsEqual(other) { $0.bitPattern == $1.bitPattern }
    }
}
