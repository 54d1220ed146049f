import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Gated cells and embeddings as layers of a model folder.
@Suite struct StackedSequenceTests {
    private static let manifest = """
        {"name": "stack", "task": "next-symbol",
         "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
         "layers": [
          {"name": "embedding", "op": "Gather"},
          {"name": "first", "op": "LSTM", "hidden": 24},
          {"name": "second", "op": "GRU", "hidden": 20, "linear_before_reset": 1},
          {"name": "third", "op": "GRU", "hidden": 5},
          {"name": "logits", "op": "Gemm", "units": 4},
          {"name": "probabilities", "op": "Softmax"}
         ],
         "logits": "logits"}
        """

    private func model() throws -> Model {
        let builder = try ModelFolderBuilder()
        try builder.write(Self.manifest, to: "model.json")
        try builder.write(#"["a", "b", "c", "d"]"#, to: "vocabulary.json")
        var random = SeededGenerator(seed: 9)
        var weights: [String: Tensor] = [:]
        func add(_ name: String, _ shape: Shape) {
            weights[name] = Tensor(shape: shape, floats: random.floats(shape.count))
        }
        add("embedding.weight", [4, 7])
        for (name, gates, inputs, hidden) in [
            ("first", 4, 7, 24), ("second", 3, 24, 20), ("third", 3, 20, 5),
        ] {
            add("\(name).W", [1, gates * hidden, inputs])
            add("\(name).R", [1, gates * hidden, hidden])
            add("\(name).B", [1, 2 * gates * hidden])
        }
        add("logits.weight", [4, 5])
        add("logits.bias", [4])
        try builder.write(weights)
        return try builder.load()
    }

    @Test func `any split of a stacked gated network gives the same bits`() throws {
        let model = try model()
        #expect(
            model.states.map(\.output) == [
                "first.state", "first.cell", "second.state", "third.state",
            ]
        )
        let tokens: [Int32] = (0..<90).map { Int32($0 * $0 % 4) }
        func run(_ pieces: [Int]) throws -> ([Float], SequenceState) {
            var state = model.initialState()
            var values: [Float] = []
            var start = 0
            for length in pieces {
                try model.advance(
                    Array(tokens[start..<start + length]),
                    state: &state,
                    outputs: ["logits"]
                ) { (_, rows) throws(ModelError) in
                    try rows.withRow(0) { span throws(ModelError) in
                        for index in span.indices { values.append(span[index]) }
                    }
                }
                start += length
            }
            return (values, state)
        }
        let whole = try run([90])
        let pieces = try run([1, 63, 17, 9])
        expectSameBits(pieces.0, whole.0)
        #expect(pieces.1 == whole.1)
        #expect(Set(whole.0.map(\.bitPattern)).count > 300)
    }

    @Test func `the summary knows every layer's shape and parameters`() throws {
        let layers = try model().layers
        #expect(
            layers.map(\.outputShape) == [
                [1, 1, 7], [1, 1, 24], [1, 1, 20], [1, 1, 5], [1, 1, 4], [1, 1, 4],
            ]
        )
        #expect(layers[1].parameters == 4 * 24 * (7 + 24 + 2))
        #expect(layers[1].multiplyAdds == 4 * 24 * (7 + 24))
        #expect(layers[4].multiplyAdds == 20)
    }
}
