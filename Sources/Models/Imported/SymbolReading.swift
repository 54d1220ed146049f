import Engine
import Graph

/// How an ONNX file reads symbols: one after the other, each with the states that the one before left.
struct SymbolReading: Sendable {
    /// The axis of the tokens that is time; the other one, if there is one, is the batch.
    let timeAxis: Int
    let rank: Int
    let type: ElementType
    /// Whether the scores of every symbol of several come out, and not only those of the last.
    let takesSeveral: Bool
    /// Scores for each symbol that may follow.
    let symbols: Int

    /// How layers of model.json read: [T, B], all scores at once; nil for a model of no symbols.
    init?(_ manifest: Manifest) {
        guard let count = manifest.input.symbolCount else { return nil }
        self.init(timeAxis: 0, rank: 2, type: .int64, takesSeveral: true, symbols: count)
    }

    init(timeAxis: Int, rank: Int, type: ElementType, takesSeveral: Bool, symbols: Int) {
        self.timeAxis = timeAxis
        self.rank = rank
        self.type = type
        self.takesSeveral = takesSeveral
        self.symbols = symbols
    }

    /// The shape of a sequence as the model's input.
    func shape(_ count: Int) -> Shape {
        var shape = [Int](repeating: 1, count: rank)
        shape[timeAxis] = count
        return Shape(shape)
    }

    /// The shape of one symbol each of several sequences; nil where only one sequence goes in.
    func shape(ofStep count: Int) -> Shape? {
        guard rank == 2 else { return nil }
        return timeAxis == 0 ? [1, count] : [count, 1]
    }

    /// One sequence as the model's input.
    func tensor(_ tokens: some Collection<Int32>) -> Tensor {
        let elements: Tensor.Elements =
            type == .int32 ? .int32(Array(tokens)) : .integers(tokens.map { Int($0) })
        return Tensor(shape: shape(tokens.count), elements: elements)
    }
}

/// An ONNX file that may be a next-symbol model: indices and states in, scores and the states' successors out.
struct SymbolCandidate {
    let tokens: ModelSignature.Port
    /// The output with scores; a Softmax may have made it.
    let answer: String
    /// The value before the Softmax, if that makes the answer.
    let logits: String
    /// The value with the probabilities.
    let probabilities: String
    let states: [StatePair]
    /// The states' inputs as the file declares them.
    private let ports: [ModelSignature.Port]
    /// A state that no node reads.
    private let unread: String?
    private let end = ContinuousClock.now + .seconds(4)

    /// Nil where the inputs and outputs are not of that kind.
    init?(_ signature: ModelSignature, states: [StatePair], graph: Graph) {
        let given = signature.inputs.filter { input in
            !states.contains { $0.input == input.name }
        }
        let answers = signature.outputs.filter { output in
            !states.contains { $0.output == output.name }
        }
        guard !states.isEmpty, given.count == 1, answers.count == 1,
            [.int64, .int32].contains(given[0].type), !given[0].hasAnyRank,
            (1...2).contains(given[0].dimensions.count), answers[0].type == .float32,
            given[0].dimensions.allSatisfy({ $0 ?? 1 == 1 })
        else { return nil }
        tokens = given[0]
        answer = answers[0].name
        self.states = states
        ports = states.compactMap { state in
            signature.inputs.first { $0.name == state.input }
        }
        let read = Set(graph.nodes.flatMap(\.inputs))
        unread = states.map(\.input).first { !read.contains($0) }
        let last = graph.producer(of: answer).map { graph.nodes[$0] }
        if let last, last.op == "Softmax", let before = last.inputs.first {
            (logits, probabilities) = (before, answer)
        } else {
            (logits, probabilities) = (answer, "\(answer)/probabilities")
        }
    }

    /// Adds the Softmax that the file leaves to its readers.
    func complete(_ graph: inout Graph) {
        guard probabilities != answer else { return }
        var softmax = Node(name: probabilities, op: "Softmax")
        softmax.attributes["axis"] = .int(-1)
        softmax.inputs = [logits]
        softmax.outputs = [probabilities]
        graph.nodes.append(softmax)
    }

    /// Tries how symbols go in: with the states carried over, two at once must answer what one and then another do.
    ///
    /// - Throws: a sentence that says why that is not so, or not certain.
    func reading(by program: Program) throws(UncertainReading) -> SymbolReading {
        let rank = tokens.dimensions.count
        var found: [SymbolReading] = []
        for axis in 0..<rank {
            guard let symbols = scores(axis, program) else { continue }
            let one = SymbolReading(
                timeAxis: axis,
                rank: rank,
                type: tokens.type,
                takesSeveral: false,
                symbols: symbols
            )
            if tokens.dimensions[axis] == 1 {
                if isOnlyTime(one, program) { found.append(one) }
            } else if let takesSeveral = continues(one, program) {
                found.append(
                    SymbolReading(
                        timeAxis: axis,
                        rank: rank,
                        type: tokens.type,
                        takesSeveral: takesSeveral,
                        symbols: symbols
                    )
                )
            }
        }
        // Where both sizes are 1 for good, either axis will do.
        if isStep, let any = found.first { return any }
        let varying = found.filter { tokens.dimensions[$0.timeAxis] == nil }
        if varying.count == 1 { return varying[0] }
        if varying.isEmpty, let only = found.first, found.count == 1 { return only }
        if let unread {
            throw UncertainReading(
                reason:
                    "no node reads the state \"\(unread)\" (an exporter that is given one tensor for two states "
                    + "takes them for one)"
            )
        }
        throw UncertainReading(
            reason: varying.isEmpty
                ? "two symbols at once do not answer what one and then another do"
                : "either axis of \"\(tokens.name)\" may be time"
        )
    }

    /// Whether one symbol of one sequence is all that goes in at once.
    private var isStep: Bool { tokens.dimensions.allSatisfy { $0 == 1 } }

    /// Whether an axis of size 1 is time because along the other one lie sequences that know nothing of each other.
    ///
    /// Shown by two of them, which must answer what each does alone. Of a file that takes one symbol and no more nothing
    /// can be shown: there its states' names tell, or a manifest.
    private func isOnlyTime(_ reading: SymbolReading, _ program: Program) -> Bool {
        if isStep { return true }
        let pair = [Int32(reading.symbols - 1), 0]
        var inputs = [
            tokens.name: Tensor(
                shape: reading.timeAxis == 0 ? [1, 2] : [2, 1],
                elements: reading.tensor(pair).elements
            )
        ]
        for port in ports {
            guard port.dimensions.count(where: { $0 == nil }) == 1 else { return false }
            inputs[port.name] = port.zeros(ofAnySize: 2)
        }
        guard let both = floats(inputs, by: program)?.first,
            let first = run(pair.prefix(1), as: reading, from: zeros, by: program),
            let second = run(pair.suffix(1), as: reading, from: zeros, by: program)
        else { return false }
        return Self.agree(both, first.scores + second.scores)
    }

    /// How many symbols are scored, if one symbol and one sequence go in.
    private func scores(_ axis: Int, _ program: Program) -> Int? {
        let reading = SymbolReading(
            timeAxis: axis,
            rank: tokens.dimensions.count,
            type: tokens.type,
            takesSeveral: false,
            symbols: 1
        )
        guard let result = run([0], as: reading, from: zeros, by: program),
            result.scores.count >= 2,
            result.states.map(\.count) == zeros.map(\.count)
        else { return nil }
        return result.scores.count
    }

    /// Whether all symbols are scored; nil if the states do not continue the sequence along this axis.
    private func continues(_ reading: SymbolReading, _ program: Program) -> Bool? {
        let pair = [Int32(reading.symbols - 1), 0]
        // Where one symbol has a plan and two have none, their states do not lie along this axis; computed node by node
        // it would only cost all weights in memory to find the same.
        guard !isPlanned(pair.prefix(1), reading, program) || isPlanned(pair, reading, program)
        else { return nil }
        guard let both = run(pair, as: reading, from: zeros, by: program),
            let first = run(pair.prefix(1), as: reading, from: zeros, by: program),
            let second = run(pair.suffix(1), as: reading, from: first.states, by: program),
            Self.agree(both.states.joined(), second.states.joined())
        else { return nil }
        if Self.agree(both.scores, first.scores + second.scores) { return true }
        return Self.agree(both.scores, second.scores) ? false : nil
    }

    private static func agree(
        _ some: some Collection<Float>,
        _ others: some Collection<Float>
    ) -> Bool {
        guard some.count == others.count else { return false }
        let largest = some.reduce(Float.leastNormalMagnitude) { max($0, $1.magnitude) }
        return zip(some, others).allSatisfy { ($0 - $1).magnitude <= 1e-4 * largest }
    }

    private var zeros: [[Float]] {
        states.map { Array(repeating: 0, count: $0.count) }
    }

    private func isPlanned(
        _ symbols: some Collection<Int32>,
        _ reading: SymbolReading,
        _ program: Program
    ) -> Bool {
        (try? program.plan(
            inputs: inputs(symbols, reading, zeros).mapValues(\.shape),
            outputs: outputs
        )) != nil
    }

    private var outputs: [String] { [logits] + states.map(\.output) }

    private func inputs(
        _ symbols: some Collection<Int32>,
        _ reading: SymbolReading,
        _ states: [[Float]]
    ) -> [String: Tensor] {
        var inputs = [tokens.name: reading.tensor(symbols)]
        for (pair, values) in zip(self.states, states) {
            inputs[pair.input] = Tensor(shape: pair.shape, floats: values)
        }
        return inputs
    }

    private func run(
        _ symbols: some Collection<Int32>,
        as reading: SymbolReading,
        from states: [[Float]],
        by program: Program
    ) -> (scores: [Float], states: [[Float]])? {
        guard let floats = floats(inputs(symbols, reading, states), by: program) else { return nil }
        return (floats[0], Array(floats.dropFirst()))
    }

    /// The scores and the states' successors.
    private func floats(_ inputs: [String: Tensor], by program: Program) -> [[Float]]? {
        let results = try? program.run(
            inputs,
            outputs: outputs,
            isCancelled: { ContinuousClock.now > end }
        )
        guard let floats = results?.compactMap(\.floats), floats.count == outputs.count else {
            return nil
        }
        return floats
    }
}

/// Why an ONNX file that looks like a sequence model is served as plain tensors.
struct UncertainReading: Error {
    let reason: String
}
