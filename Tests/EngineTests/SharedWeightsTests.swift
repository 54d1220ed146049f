import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph

/// Several nodes on one constant: packed weights must not be taken for each other's.
@Suite struct SharedWeightsTests {
    private func run(
        _ nodes: [Node],
        _ constants: [String: Tensor],
        input: Tensor
    ) throws -> [[Float]] {
        var graph = Graph()
        graph.inputs = [
            Graph.Input(
                name: "x",
                type: .float32,
                dimensions: input.shape.dimensions.map { _ in nil }
            )
        ]
        graph.nodes = nodes
        graph.constants = constants
        let outputs = nodes.map { $0.outputs[0] }
        return try GraphRunner(kernels: KernelSet.select(nil))
            .run(graph, inputs: ["x": input], outputs: outputs).map(\.values)
    }

    @Test func `connected layers with one matrix keep their own bias and factors`() throws {
        var random = SeededGenerator(seed: 21)
        let weights = Tensor(shape: [3, 2], floats: random.floats(6))
        let input = Tensor(shape: [1, 3], floats: random.floats(3))
        let zero = Tensor(shape: [2], floats: [0, 0])
        let one = Tensor(shape: [2], floats: [1, 1])
        func gemm(_ name: String, _ bias: String, alpha: Float = 1, beta: Float = 1) -> Node {
            Node(
                name: name,
                op: "Gemm",
                attributes: ["alpha": .float(alpha), "beta": .float(beta)],
                inputs: ["x", "w", bias],
                outputs: [name]
            )
        }
        let results = try run(
            [
                gemm("plain", "zero"), gemm("shifted", "one"), gemm("doubled", "zero", alpha: 2),
                gemm("halfShifted", "one", beta: 0.5),
                Node(name: "bare", op: "MatMul", inputs: ["x", "w"], outputs: ["bare"]),
            ],
            ["w": weights, "zero": zero, "one": one],
            input: input
        )
        let plain = results[0]
        expectClose(results[1], plain.map { Double($0) + 1 })
        expectClose(results[2], plain.map { Double($0) * 2 })
        expectClose(results[3], plain.map { Double($0) + 0.5 })
        expectSameBits(results[4], plain)
    }

    @Test func `convolutions with one kernel keep their own bias and groups`() throws {
        var random = SeededGenerator(seed: 22)
        let weights = Tensor(shape: [2, 1, 1, 1], floats: random.floats(2))
        let input = Tensor(shape: [1, 2, 3, 3], floats: random.floats(18))
        let bias = Tensor(shape: [2], floats: [1, 1])
        let grouped: [String: Attribute] = ["group": .int(2)]
        let results = try run(
            [
                Node(
                    name: "a",
                    op: "Conv",
                    attributes: grouped,
                    inputs: ["x", "k"],
                    outputs: ["a"]
                ),
                Node(
                    name: "b",
                    op: "Conv",
                    attributes: grouped,
                    inputs: ["x", "k", "bias"],
                    outputs: ["b"]
                ),
            ],
            ["k": weights, "bias": bias],
            input: input
        )
        expectClose(results[1], results[0].map { Double($0) + 1 })
    }

    @Test func `a bias that is computed is refused, not ignored`() throws {
        let weights = Tensor(shape: [1, 1, 1, 1], floats: [2])
        let input = Tensor(shape: [1, 1, 1, 1], floats: [3])
        #expect {
            _ = try run(
                [
                    Node(name: "b", op: "Flatten", inputs: ["x"], outputs: ["b"]),
                    Node(name: "c", op: "Conv", inputs: ["x", "k", "b"], outputs: ["c"]),
                ],
                ["k": weights],
                input: input
            )
        } throws: {
            "\($0)".contains("bias")
        }
    }

    @Test func `a global pool takes pictures of any length`() throws {
        let length = 5000
        let input = Tensor(shape: [1, 1, 1, length], floats: (0..<length).map { Float($0 % 2) })
        let pool = Node(name: "mean", op: "GlobalAveragePool", inputs: ["x"], outputs: ["mean"])
        expectClose(try run([pool], [:], input: input)[0], [0.5])
    }

    @Test func `recurrent layers with one R keep their own W and B`() throws {
        var random = SeededGenerator(seed: 23)
        let hidden = 4
        let input = Tensor(shape: [2, 1, 3], floats: random.floats(6))
        var constants = ["r": Tensor(shape: [1, hidden, hidden], floats: random.floats(16))]
        for name in ["w1", "w2"] {
            constants[name] = Tensor(shape: [1, hidden, 3], floats: random.floats(12))
        }
        for name in ["b1", "b2"] {
            constants[name] = Tensor(shape: [1, 2 * hidden], floats: random.floats(8))
        }
        func rnn(_ w: String, _ b: String) -> Node {
            Node(name: w + b, op: "RNN", inputs: ["x", w, "r", b], outputs: [w + b])
        }
        let nodes = [rnn("w1", "b1"), rnn("w2", "b1"), rnn("w1", "b2")]
        let together = try run(nodes, constants, input: input)
        for (node, values) in zip(nodes, together) {
            expectSameBits(try run([node], constants, input: input)[0], values)
        }
    }
}
