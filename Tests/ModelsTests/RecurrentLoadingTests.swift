import Compute
import NetworkSupport
import Testing

@testable import Graph
@testable import Models

/// Mistakes in recurrent layers and sequence tasks of model.json are named when the model is loaded.
@Suite struct RecurrentLoadingTests {
    private func load(_ layer: String, task: String, input: String, labels: String) throws -> Model
    {
        let builder = try ModelFolderBuilder()
        try builder.write(
            """
            {"name": "m", "task": "\(task)", "labels": "labels.txt", "input": {\(input)},
             "layers": [
              {"name": "onehot", "op": "OneHot"},
              {"name": "cell", \(layer)},
              {"name": "label", "op": "Softmax"}
             ],
             "outputs": ["label"]}
            """,
            to: "model.json"
        )
        try builder.write(#"["a", "b", "c"]"#, to: "vocabulary.json")
        try builder.write(labels, to: "labels.txt")
        func zeros(_ shape: Shape) -> Tensor {
            Tensor(shape: shape, floats: Array(repeating: 0, count: shape.count))
        }
        var weights = ["cell.W": zeros([1, 2, 3]), "cell.R": zeros([1, 2, 2])]
        if layer.contains("Jordan") {
            weights = [
                "cell.W": zeros([4, 3]), "cell.R": zeros([4, 2]), "cell.V": zeros([2, 4]),
                "cell.C": zeros([2]),
            ]
        }
        try builder.write(weights)
        return try builder.load()
    }

    @Test(arguments: [
        (#""op": "RNN", "direction": "backward""#, ["cell", "direction", "bidirectional"]),
        (#""op": "RNN", "direction": "bidirectional""#, ["cell", "[2, gates"]),
        (#""op": "RNN", "activation": "Step""#, ["cell", "activation", "Saturating"]),
        (#""op": "RNN", "returns": "first""#, ["cell", "returns", "\"all\" or \"last\""]),
        (#""op": "RNN", "returns": 1"#, ["cell", "returns"]),
        (#""op": "RNN", "hidden": 3"#, ["cell", "hidden_size is 3"]),
        (#""op": "GRU""#, ["cell", "3 gates"]),
        (#""op": "RNN", "feedback": "output""#, ["cell", "feedback", "no such attribute"]),
        (#""op": "Jordan", "feedback": "state""#, ["cell", "feedback", "output or softmax"]),
        (#""op": "Jordan", "units": 3"#, ["cell", "units", "2, as the weights have"]),
        (#""op": "Jordan", "hidden": 5"#, ["cell", "hidden is 5"]),
        (#""op": "Jordan", "direction": "reverse""#, ["cell", "direction"]),
    ])
    func `a layer's mistake is named`(layer: String, phrases: [String]) {
        #expect {
            _ = try load(
                layer,
                task: "sequence-classification",
                input: #""name": "tokens", "vocabulary": "vocabulary.json""#,
                labels: "x\ny"
            )
        } throws: { error in
            phrases.allSatisfy { "\(error)".contains($0) }
        }
    }

    @Test(arguments: [
        (#""op": "RNN""#, "sequence-classification", "x\ny\nz", "2 labels"),
        (#""op": "RNN""#, "tree-classification", "x\ny", "tree"),
        (#""op": "RNN", "direction": "reverse""#, "next-symbol", "x\ny", "forward"),
        (#""op": "RNN""#, "sequence-labelling", "x\ny", "dynamical-system"),
    ])
    func `a task's mistake is named`(layer: String, task: String, labels: String, phrase: String) {
        #expect {
            _ = try load(
                layer,
                task: task,
                input: #""name": "tokens", "vocabulary": "vocabulary.json""#,
                labels: labels
            )
        } throws: { error in
            "\(error)".contains(phrase)
        }
    }

    @Test func `both layers and both tasks load without a mistake`() throws {
        let tokens = #""name": "tokens", "vocabulary": "vocabulary.json""#
        let reverse = try load(
            #""op": "RNN", "direction": "reverse", "returns": "last""#,
            task: "sequence-classification",
            input: tokens,
            labels: "x\ny"
        )
        #expect(reverse.backwardLayer == "cell")
        #expect(reverse.stateCount == 0)
        let jordan = try load(
            #""op": "Jordan", "hidden": 4, "units": 2"#,
            task: "dynamical-system",
            input: tokens,
            labels: "x\ny"
        )
        #expect(jordan.stateCount == 2)
        #expect(jordan.layers[1].multiplyAdds == 2 * 4 * 2 + 4 * 3)
        #expect(jordan.layers[1].isRecurrent)
    }
}
