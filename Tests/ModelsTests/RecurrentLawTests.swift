import Compute
import CountingAllocator
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// The laws of recurrent networks on random stacks of layers; a failure prints its seed.
@Suite struct RecurrentLawTests {
    private static let seed = UInt64.random(in: 0...UInt64.max)

    private func tokens(_ count: Int, _ random: inout SeededGenerator) -> [Int32] {
        (0..<count).map { _ in Int32(random.int(0...4)) }
    }

    /// The logits of every step, cut into pieces of the given lengths.
    private func logits(
        _ model: Model,
        _ tokens: [Int32],
        pieces: [Int]
    ) throws -> (values: [Float], state: SequenceState) {
        var state = model.initialState()
        var values: [Float] = []
        var start = 0
        for length in pieces {
            let piece = Array(tokens[start..<start + length])
            try model.advance(piece, state: &state, outputs: ["logits"]) {
                (_, rows) throws(ModelError) in
                try rows.withRow(0) { span throws(ModelError) in
                    for index in span.indices { values.append(span[index]) }
                }
            }
            start += length
        }
        return (values, state)
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `every step agrees with loops in float64 (C3, C4, C9)`(_ kernels: String) throws {
        var random = SeededGenerator(seed: Self.seed)
        for round in 0..<12 {
            let stack = RecurrentStack(&random, backward: round % 2 == 1)
            let model = try stack.model(
                task: round % 2 == 1 ? "sequence-classification" : "next-symbol",
                kernels: kernels
            )
            let tokens = tokens(random.int(1...90), &random)
            let actual = try logits(model, tokens, pieces: [tokens.count]).values
            let expected = stack.reference(tokens).flatMap { $0 }
            let comment = "seed \(Self.seed), round \(round): \(stack)"
            expectClose(actual, expected, .init(relative: 2e-5, absolute: 1e-5), scale: 1, comment)
        }
    }

    @Test func `T steps equal one pass, bit for bit, however they are cut (C7)`() throws {
        var random = SeededGenerator(seed: Self.seed)
        for op in ["RNN", "LSTM", "GRU", "Jordan"] {
            for ops in [[op], ["RNN", "LSTM", "GRU", "Jordan"], [op]] {
                let stack = RecurrentStack(&random, ops: ops)
                let tokens = tokens(random.int(70...150), &random)
                let model = try stack.model()
                let whole = try logits(model, tokens, pieces: [tokens.count])
                var pieces: [Int] = []
                while pieces.reduce(0, +) < tokens.count {
                    pieces.append(min(random.int(1...40), tokens.count - pieces.reduce(0, +)))
                }
                let comment = "seed \(Self.seed): \(stack), \(pieces)"
                let cut = try logits(model, tokens, pieces: pieces)
                expectSameBits(cut.values, whole.values, comment)
                #expect(cut.state == whole.state, "\(comment)")
                let ones = [Int](repeating: 1, count: tokens.count)
                let single = try logits(model, tokens, pieces: ones)
                expectSameBits(single.values, whole.values, comment)
                let helped = try stack.model(workers: Workers(count: 3, minimumWork: 0))
                let shared = try logits(helped, tokens, pieces: [tokens.count])
                expectSameBits(shared.values, whole.values, comment)
            }
        }
    }

    @Test func `a batch of sequences equals single runs, bit for bit, in every direction`() throws {
        var random = SeededGenerator(seed: Self.seed)
        for round in 0..<8 {
            let stack = RecurrentStack(&random, backward: true)
            let model = try stack.model(task: "sequence-classification")
            let (steps, batch) = (random.int(1...20), random.int(2...9))
            let sequences = (0..<batch).map { _ in tokens(steps, &random) }
            let together = try model.run(sequences, output: "logits")
            let helped = try stack.model(
                task: "sequence-classification",
                workers: Workers(count: 3, minimumWork: 0)
            )
            expectSameBits(
                try helped.run(sequences, output: "logits"),
                together,
                "seed \(Self.seed), round \(round), three workers: \(stack)"
            )
            for (row, sequence) in sequences.enumerated() {
                let alone = try model.run([sequence], output: "logits")
                let width = alone.count / steps
                var slice: [Float] = []
                for step in 0..<steps {
                    let start = (step * batch + row) * width
                    slice += together[start..<start + width]
                }
                expectSameBits(slice, alone, "seed \(Self.seed), round \(round): \(stack)")
            }
        }
    }

    @Test func `without weights between hidden states history is forgotten (C3, W = 0)`() throws {
        var random = SeededGenerator(seed: Self.seed)
        for _ in 0..<4 {
            var stack = RecurrentStack(&random, ops: ["RNN"])
            for (index, layer) in stack.layers.enumerated() {
                let zeros = [Float](repeating: 0, count: layer.hidden * layer.hidden)
                stack.weights["layer\(index).R"] = Tensor(
                    shape: [1, layer.hidden, layer.hidden],
                    floats: zeros
                )
            }
            let model = try stack.model()
            let tokens = tokens(50, &random)
            let whole = try logits(model, tokens, pieces: [50]).values
            for (step, token) in tokens.enumerated() {
                let alone = try logits(model, [token], pieces: [1]).values
                let width = alone.count
                let slice = Array(whole[step * width..<(step + 1) * width])
                expectSameBits(slice, alone, "seed \(Self.seed): \(stack), step \(step)")
            }
        }
    }

    @Test func `one answer for a whole sequence is its last state, in any cut (C5)`() throws {
        var random = SeededGenerator(seed: Self.seed)
        for round in 0..<8 {
            let backward = round % 2 == 1
            let ops = ["RNN", "LSTM", "GRU"]
            let stack = RecurrentStack(&random, ops: ops, backward: backward, returnsLast: true)
            let model = try stack.model(task: "sequence-classification")
            let tokens = tokens(random.int(1...80), &random)
            let rows = try logits(model, tokens, pieces: [tokens.count]).values
            let last = Array(rows.suffix(stack.classes))
            let comment = "seed \(Self.seed): \(stack)"
            let expected = stack.reference(tokens)[0]
            expectClose(last, expected, .init(relative: 2e-5, absolute: 1e-5), scale: 1, comment)
            guard model.backwardLayer == nil, tokens.count > 1 else { continue }
            let cut = try logits(model, tokens, pieces: [1, tokens.count - 1]).values
            expectSameBits(Array(cut.suffix(stack.classes)), last, comment)
        }
    }

    @Test func `a layer that reads backward needs the whole sequence, of bounded length`() throws {
        var random = SeededGenerator(seed: 3)
        var stack = RecurrentStack(&random, ops: ["GRU"], backward: true)
        while !stack.layers.contains(where: { $0.direction != "forward" }) {
            stack = RecurrentStack(&random, ops: ["GRU"], backward: true)
        }
        let model = try stack.model(task: "sequence-classification")
        let layer = try #require(model.backwardLayer)
        #expect(throws: ModelError.notStreamable(layer: layer)) {
            _ = try logits(model, [1, 2, 3], pieces: [2, 1])
        }
        let long = [Int32](repeating: 0, count: Model.longestWhole + 1)
        #expect(throws: ModelError.sequenceTooLong(limit: 4096, got: 4097)) {
            _ = try logits(model, long, pieces: [long.count])
        }
        #expect {
            _ = try stack.model(task: "next-symbol")
        } throws: {
            "\($0)".contains(layer) && "\($0)".contains("forward")
        }
    }

    @Test(.enabled(if: counting_allocator_works()))
    func `a pass of recurrent layers allocates nothing after the first`() throws {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<4 {
            let stack = RecurrentStack(&random, backward: true)
            let model = try stack.model(task: "sequence-classification")
            let plan = try model.plan(inputs: ["tokens": [7, 2]], outputs: ["probabilities"])
            func pass() throws(ModelError) -> Int {
                let before = counting_allocator_count()
                try plan.run { inputs throws(ModelError) in
                    try inputs.withIntegers("tokens") { span throws(ModelError) in span[3] = 1 }
                } read: { _ throws(ModelError) in
                }
                return counting_allocator_count() - before
            }
            _ = try pass()
            for _ in 0..<3 {
                let count = try pass()
                #expect(count == 0, "\(stack)")
            }
        }
    }
}

extension Model {
    /// Runs sequences of one length as a batch from zero states and reads one output.
    func run(_ sequences: [[Int32]], output: String) throws(ModelError) -> [Float] {
        let name = manifest.input.name
        let (steps, batch) = (sequences[0].count, sequences.count)
        let plan = try plan(inputs: [name: [steps, batch]], outputs: [output])
        return try plan.run { inputs throws(ModelError) in
            try inputs.withIntegers(name) { span throws(ModelError) in
                for step in 0..<steps {
                    for row in 0..<batch { span[step * batch + row] = Int(sequences[row][step]) }
                }
            }
        } read: { results throws(ModelError) in
            try results.withFloats(output) { span throws(ModelError) in
                span.indices.map { span[$0] }
            }
        }
    }
}
