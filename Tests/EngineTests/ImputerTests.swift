import Graph
import Testing

@testable import Engine

/// ai.onnx.ml's Imputer.
struct ImputerTests {
    private func fill(
        _ input: Tensor,
        _ attributes: [String: Attribute]
    ) throws -> Tensor {
        var node = Node(name: "fill", op: "ai.onnx.ml.Imputer", opset: 1)
        node.attributes = attributes
        (node.inputs, node.outputs) = (["x"], ["y"])
        let operands = Operands(
            node: node,
            tensors: [input],
            context: .folding(memoryLimit: 1 << 20)
        )
        return try Operators.make(node).outputs(operands)[0]
    }

    @Test func `what is not a number becomes each feature's own`() throws {
        let input = Tensor(shape: [2, 3], floats: [1, .nan, 3, .nan, 5, 6])
        let filled = try fill(
            input,
            [
                "imputed_value_floats": .floats([10, 20, 30]),
                "replaced_value_float": .float(.nan),
            ]
        )
        #expect(filled.floats == [1, 20, 3, 10, 5, 6])
    }

    @Test func `an integer becomes another, and large ones stay exact`() throws {
        let input = Tensor(shape: [4], integers: [-1, 7, .max, -1])
        let filled = try fill(
            input,
            [
                "imputed_value_int64s": .ints([42]), "replaced_value_int64": .int(-1),
            ]
        )
        #expect(filled.integers == [42, 7, .max, 42])
    }

    @Test func `numbers that do not fit are an error`() {
        #expect(throws: ModelError.self) {
            try fill(
                Tensor(shape: [2, 3], floats: [Float](repeating: 0, count: 6)),
                ["imputed_value_floats": .floats([1, 2])]
            )
        }
        #expect(throws: ModelError.self) { try fill(Tensor(shape: [1], floats: [0]), [:]) }
    }
}
