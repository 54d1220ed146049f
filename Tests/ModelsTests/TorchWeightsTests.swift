import Compute
import Foundation
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Weights under PyTorch's names answer what the same weights under ours do.
@Suite struct TorchWeightsTests {
    private static func manifest(_ cell: String, _ more: String, isTorch: Bool) -> String {
        func module(_ name: String) -> String { isTorch ? "\"torch\": \"\(name)\", " : "" }
        let reset = cell == "GRU" && !isTorch ? "\"linear_before_reset\": 1, " : ""
        return """
            {"name": "t", "task": "next-symbol",
             "input": {"name": "tokens", "vocabulary": "vocabulary.json"},
             "layers": [
              {"op": "Gather", \(module("embedding"))"name": "e"},
              {"name": "c", "op": "\(cell)", \(module("rnn"))\(isTorch ? "\"torch_layer\": 1, " : "")\(reset)\(more)"hidden": 4},
              {"name": "o", "op": "Gemm", \(module("head.out"))"units": 5},
              {"name": "p", "op": "Softmax"}
             ], "outputs": ["p"]}
            """
    }

    @Test(arguments: [("LSTM", 4, [0, 2, 3, 1]), ("GRU", 3, [1, 0, 2]), ("RNN", 1, [0])])
    func `cells, tables and products`(cell: String, gates: Int, back: [Int]) throws {
        var random = SeededGenerator(seed: 11)
        func tensor(_ shape: Shape) -> Tensor {
            Tensor(shape: shape, floats: random.floats(shape.count))
        }
        let rows = gates * 4
        let (given, kept, bias) = (
            tensor([1, rows, 3]), tensor([1, rows, 4]), tensor([1, 2 * rows])
        )
        let (table, product, offset) = (tensor([6, 3]), tensor([6, 4]), tensor([6]))
        let own = [
            "e.weight": table, "c.W": given, "c.R": kept, "c.B": bias, "o.weight": product,
            "o.bias": offset,
        ]
        /// ONNX's blocks of gates in the order of torch: `back` says where torch's first, second, … stands there.
        func torch(_ values: ArraySlice<Float>, _ columns: Int) -> Tensor {
            let values = Array(values)
            let block = values.count / gates
            let ordered = back.flatMap { values[$0 * block..<($0 + 1) * block] }
            return Tensor(shape: columns == 0 ? [rows] : [rows, columns], floats: ordered)
        }
        let biases = try #require(bias.floats)
        let named = [
            "embedding.weight": table, "rnn.weight_ih_l1": torch(given.floats?[...] ?? [], 3),
            "rnn.weight_hh_l1": torch(kept.floats?[...] ?? [], 4),
            "rnn.bias_ih_l1": torch(biases[..<rows], 0),
            "rnn.bias_hh_l1": torch(biases[rows...], 0), "head.out.weight": product,
            "head.out.bias": offset,
        ]
        let answers = try [(own, false), (named, true)].map { weights, isTorch in
            let builder = try ModelFolderBuilder()
            let text = Self.manifest(cell, "", isTorch: isTorch).replacing(
                "\"units\": 5",
                with: "\"units\": 6"
            )
            try builder.write(text, to: "model.json")
            try builder.write(#"["a", "b", "c", "d", "e", "f"]"#, to: "vocabulary.json")
            try builder.write(weights)
            return try states(of: builder.load())
        }
        #expect(answers[0] == answers[1] && Set(answers[0]).count > 20)
    }

    private func states(of model: Model) throws -> [Float] {
        var state = model.initialState()
        var found: [Float] = []
        try model.advance([0, 5, 2, 2, 1, 4], state: &state, outputs: ["p"]) {
            (_, rows) throws(ModelError) in
            try rows.withRow(0) { (row) throws(ModelError) in
                found += row.indices.map { row[$0] }
            }
        }
        return found
    }

    @Test func `normalisation, and what is missing`() throws {
        var weights = [
            "bn.weight": Tensor(shape: [2], floats: [1, 2]),
            "bn.bias": Tensor(shape: [2], floats: [0, 1]),
            "bn.running_mean": Tensor(shape: [2], floats: [0.5, 0]),
            "bn.running_var": Tensor(shape: [2], floats: [1, 4]),
        ]
        let text = """
            {"name": "n", "task": "image-features", "input": {"name": "image", "channels": 2},
             "layers": [{"name": "n1", "op": "BatchNormalization", "torch": "bn"}], "outputs": ["n1"]}
            """
        func load() throws -> Model {
            let builder = try ModelFolderBuilder()
            try builder.write(text, to: "model.json")
            try builder.write(weights)
            return try builder.load()
        }
        let output = try load().answer([1, 1], shape: [1, 2, 1, 1], output: "n1")
        #expect(abs(output[0] - 0.5) < 1e-4 && abs(output[1] - 2) < 1e-4)
        weights["bn.running_var"] = nil
        let error = #expect(throws: ModelError.self) { _ = try load() }
        #expect(error.map { "\($0)" }?.contains("bn.running_var") == true)
    }
}
