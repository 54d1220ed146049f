import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models

/// Steps of several sequences in one plan, beside the same steps one by one.
@Suite struct StepTogetherTests {
    private static let seed = UInt64.random(in: 0...UInt64.max)

    /// A step of one sequence alone: its row, and the state after it.
    private func alone(
        _ model: Model,
        _ token: Int32,
        _ state: SequenceState,
        _ outputs: [String]
    ) throws -> (row: [Float], state: SequenceState) {
        var state = state
        var row: [Float] = []
        try model.advance([token], state: &state, outputs: outputs) {
            (_, rows) throws(ModelError) in row = try floats(rows, outputs.count)
        }
        return (row, state)
    }

    private func floats(_ rows: SequenceRows, _ count: Int) throws(ModelError) -> [Float] {
        var values: [Float] = []
        for index in 0..<count {
            try rows.withRow(index) { span throws(ModelError) in
                for place in span.indices { values.append(span[place]) }
            }
        }
        return values
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `every sequence of a batch gets the bits it has alone`(_ kernels: String) throws {
        var random = SeededGenerator(seed: Self.seed)
        for op in ["RNN", "LSTM", "GRU", "Jordan", "stack"] {
            let ops = op == "stack" ? ["RNN", "LSTM", "GRU", "Jordan"] : [op]
            let stack = RecurrentStack(&random, ops: ops)
            let model = try stack.model(task: "next-symbol", kernels: kernels)
            #expect(model.canStepTogether)
            var states = (0..<32).map { _ in model.initialState() }
            for count in [1, 2, 3, 5, 8, 16, 17, 31, 32] {
                let tokens = (0..<count).map { _ in Int32(random.int(0...4)) }
                // Rows of different layers for each.
                let outputs = (0..<count).map {
                    $0 % 3 == 0 ? ["logits"] : ["probabilities", "logits"]
                }
                var joined = Array(states[..<count])
                var rows: [[Float]] = []
                let isPlanned = try model.stepTogether(tokens, states: &joined, outputs: outputs) {
                    (member, step) throws(ModelError) in
                    rows.append(try floats(step, outputs[member].count))
                }
                #expect(isPlanned)
                let comment = "seed \(Self.seed), \(stack), \(count) sequences"
                for member in 0..<count {
                    let expected = try alone(model, tokens[member], states[member], outputs[member])
                    expectSameBits(rows[member], expected.row, comment)
                    #expect(joined[member] == expected.state, "\(comment)")
                    states[member] = expected.state
                }
                #expect(try model.agreesTogether(tokens, Array(states[..<count]), outputs: outputs))
            }
        }
    }

    @Test func `models that cannot are known`() throws {
        #expect(!(try ShippedModels.load("fashion")).canStepTogether)
        #expect(!(try ShippedModels.load("language")).canStepTogether)
        #expect(try ShippedModels.load("brackets").canStepTogether)
        #expect(try ShippedModels.load("orbit").canStepTogether)
    }

    @Test func `mistakes leave the states where they are`() throws {
        let model = try ShippedModels.load("scripture")
        var states = [model.initialState(), model.initialState()]
        let outputs = [["probabilities"], ["probabilities"]]
        #expect(throws: ModelError.tokenOutOfRange(position: 1, token: 900, count: 63)) {
            _ = try model.stepTogether([1, 900], states: &states, outputs: outputs) { _, _ in }
        }
        #expect(throws: ModelError.cancelled) {
            _ = try model.stepTogether([1, 2], states: &states, outputs: outputs) {
                _,
                _ throws(ModelError) in throw .cancelled
            }
        }
        #expect(states.allSatisfy { $0 == model.initialState() })
        // The state of two sequences side by side is no state of one.
        let wide = SequenceState(
            tensors: states[0].tensors.map {
                Tensor(shape: [1, 2, $0.count], floats: [Float](repeating: 0, count: 2 * $0.count))
            }
        )
        #expect(model.takes(wide))
        #expect(!model.isOfOneSequence(wide))
        states[1] = wide
        #expect(try !model.stepTogether([1, 2], states: &states, outputs: outputs) { _, _ in })
    }
}
