import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Onnx
@testable import Quantising

/// Networks in 8 bits beside those they were made of.
@Suite struct QuantiserTests {
    /// Conv · Relu · MaxPool, twice, with a sum around the second, then mean, Gemm and Softmax.
    private static func network(_ random: inout SeededGenerator) -> Graph {
        var graph = Graph()
        graph.inputs = [.init(name: "x", type: .float32, dimensions: [nil, 3, 12, 12])]
        func constant(_ name: String, _ shape: Shape, _ size: Float) {
            let values = random.floats(shape.count).map { $0 * size }
            graph.constants[name] = Tensor(shape: shape, floats: values)
        }
        func add(
            _ op: String,
            _ inputs: [String],
            _ output: String,
            _ attributes: [String: Attribute] = [:]
        ) {
            graph.nodes.append(
                Node(
                    name: output,
                    op: op,
                    opset: 17,
                    attributes: attributes,
                    inputs: inputs,
                    outputs: [output]
                )
            )
        }
        constant("w1", [20, 3, 3, 3], 0.3)
        constant("b1", [20], 0.2)
        constant("w2", [20, 20, 3, 3], 0.1)
        constant("w3", [10, 20], 0.4)
        constant("b3", [10], 0.1)
        let same: [String: Attribute] = ["pads": .ints([1, 1, 1, 1])]
        add("Conv", ["x", "w1", "b1"], "conv1", same)
        add("Relu", ["conv1"], "relu1")
        add(
            "MaxPool",
            ["relu1"],
            "pool1",
            ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
        )
        add("Conv", ["pool1", "w2"], "conv2", same)
        add("Add", ["conv2", "pool1"], "sum")
        add("Relu", ["sum"], "relu2")
        add("GlobalAveragePool", ["relu2"], "mean")
        add("Flatten", ["mean"], "flat")
        add("Gemm", ["flat", "w3", "b3"], "logits", ["transB": .int(1)])
        add("Softmax", ["logits"], "y")
        graph.outputs = ["y"]
        return graph
    }

    private static func examples(
        _ count: Int,
        _ random: inout SeededGenerator
    ) -> [Quantiser.Example] {
        (0..<count).map { _ in
            .init(inputs: [
                "x": Tensor(shape: [1, 3, 12, 12], floats: random.floats(432))
            ])
        }
    }

    private func quantised(
        _ graph: Graph,
        _ examples: [Quantiser.Example],
        mostLoss: Double? = nil
    ) throws -> QuantisedNetwork {
        var settings = Quantiser.Settings()
        settings.mostLoss = mostLoss
        return try Quantiser(
            graph,
            workers: Workers(count: 1),
            kernels: KernelSet.select(nil)
        ).run(calibration: examples, examples: examples, settings: settings)
    }

    private func program(_ graph: Graph) throws -> Program {
        try Program(
            importing: graph,
            tools: ProgramTools(
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1),
                memoryLimit: 1 << 28
            )
        )
    }

    private func expectPlanned(_ program: Program, _ example: Quantiser.Example) throws {
        _ = try program.run(example.inputs, outputs: ["y"], isCancelled: { false })
        #expect(program.report.nodes.isEmpty, "\(program.report.nodes)")
    }

    @Test(arguments: 0..<4)
    func `a network in 8 bits answers nearly the same, by one plan`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let graph = Self.network(&random)
        let examples = Self.examples(6, &random)
        let result = try quantised(graph, examples)
        #expect(result.layers.map(\.name) == ["conv1", "conv2", "logits"])
        #expect(result.layers.allSatisfy { !$0.isKept && $0.error > 0 && $0.error < 0.06 })
        #expect(result.outputError < 0.05 && result.outputError > 0, "\(result.outputError)")
        #expect(result.before == nil && result.loss == result.outputError)
        let made = try program(result.graph)
        try expectPlanned(made, examples[0])
        for name in ["w1", "w2", "w3"] {
            #expect(result.graph.constants["\(name)/integers"]?.type == .int8)
            #expect(result.graph.constants[name] == nil)
        }
    }

    @Test func `what is written reads as what was made`() throws {
        var random = SeededGenerator(seed: 9)
        let examples = Self.examples(2, &random)
        let result = try quantised(Self.network(&random), examples)
        let read = try OnnxFile.decode(result.data(name: "net"))
        #expect(read.nodes.map(\.op) == result.graph.nodes.map(\.op))
        #expect(read.constants == result.graph.constants)
        #expect(read.outputInfo.map(\.dimensions) == [[nil, 10]])
        let one = try program(result.graph)
        let other = try program(read)
        for example in examples {
            let before = try one.run(example.inputs, outputs: ["y"], isCancelled: { false })
            let after = try other.run(example.inputs, outputs: ["y"], isCancelled: { false })
            #expect(before == after)
        }
    }

    @Test func `layers go back to float32 until the loss is met`() throws {
        var random = SeededGenerator(seed: 4)
        let graph = Self.network(&random)
        let examples = Self.examples(4, &random)
        let all = try quantised(graph, examples)
        let some = try quantised(graph, examples, mostLoss: all.loss * 0.7)
        #expect(some.layers.contains { $0.isKept })
        #expect(some.loss <= all.loss * 0.7)
        let none = try quantised(graph, examples, mostLoss: 0)
        #expect(none.layers.allSatisfy { $0.isKept } && none.loss == 0)
    }

    @Test func `labels count what is right`() throws {
        var random = SeededGenerator(seed: 5)
        let graph = Self.network(&random)
        let plain = Self.examples(8, &random)
        let answers = try program(graph)
        let labelled = try plain.enumerated().map { index, example in
            let scores = try answers.run(example.inputs, outputs: ["y"], isCancelled: { false })
            let values = scores[0].floats ?? []
            let best = values.indices.max { values[$0] < values[$1] } ?? 0
            return Quantiser.Example(inputs: example.inputs, label: index == 0 ? best + 1 : best)
        }
        let result = try Quantiser(
            graph,
            workers: Workers(count: 1),
            kernels: KernelSet.select(nil)
        ).run(calibration: plain, examples: labelled, settings: .init())
        #expect(result.before == 0.875)
        #expect(result.after ?? 0 >= 0.7)
    }

    @Test func `maxout is two halves, and has its integers`() throws {
        var random = SeededGenerator(seed: 6)
        var graph = Self.network(&random)
        // Layers as model.json has them.
        for index in graph.nodes.indices { graph.nodes[index].opset = Node.newestOpset }
        graph.nodes[1].op = "Maxout"
        graph.constants["w2"] = Tensor(shape: [10, 10, 3, 3], floats: random.floats(900))
        graph.constants["w3"] = Tensor(shape: [10, 10], floats: random.floats(100))
        let examples = Self.examples(4, &random)
        let own = try Program(
            graph,
            origin: .layers(states: []),
            tools: ProgramTools(
                kernels: KernelSet.select(nil),
                workers: Workers(count: 1),
                memoryLimit: 1 << 28
            )
        ).run(examples[0].inputs, outputs: ["relu1"], isCancelled: { false })
        let written = try OnnxForm.make(graph)
        #expect(written.nodes.map(\.op).filter { $0 == "Slice" }.count == 2)
        let same = try program(written)
            .run(examples[0].inputs, outputs: ["relu1"], isCancelled: { false })
        for (one, other) in zip(own[0].floats ?? [], same[0].floats ?? []) {
            #expect(abs(one - other) < 1e-5)
        }
        let result = try quantised(graph, examples)
        #expect(result.outputError < 0.05)
        let made = try program(result.graph)
        try expectPlanned(made, examples[0])
    }

    @Test func `what ONNX cannot say is named`() throws {
        var random = SeededGenerator(seed: 7)
        var graph = Self.network(&random)
        for index in graph.nodes.indices { graph.nodes[index].opset = Node.newestOpset }
        graph.nodes[1].op = "ChannelL2"
        #expect {
            _ = try OnnxForm.make(graph)
        } throws: {
            "\($0)".contains("relu1") && "\($0)".contains("ChannelL2")
        }
        var old = Self.network(&random)
        for index in old.nodes.indices { old.nodes[index].opset = 11 }
        #expect {
            _ = try OnnxForm.make(old)
        } throws: {
            "\($0)".contains("version_converter")
        }
        old.nodes.removeLast()
        old.outputs = ["logits"]
        let raised = try OnnxForm.make(old)
        #expect(raised.nodes.allSatisfy { $0.opset == 17 })
        var empty = Graph()
        empty.inputs = old.inputs
        empty.nodes = [
            Node(name: "r", op: "Relu", opset: 17, inputs: ["x"], outputs: ["y"])
        ]
        empty.outputs = ["y"]
        #expect(throws: ModelError.self) { try quantised(empty, []) }
    }

    @Test func `an LSTM's weights are integers with a scale for each unit`() throws {
        var random = SeededGenerator(seed: 8)
        var graph = Graph()
        graph.inputs = [.init(name: "x", type: .float32, dimensions: [nil, nil, 7])]
        func tensor(_ shape: Shape) -> Tensor {
            Tensor(shape: shape, floats: random.floats(shape.count).map { $0 * 0.5 })
        }
        graph.constants = ["W": tensor([1, 80, 7]), "R": tensor([1, 80, 20])]
        graph.nodes = [
            Node(
                name: "lstm",
                op: "LSTM",
                opset: 17,
                attributes: ["hidden_size": .int(20)],
                inputs: ["x", "W", "R"],
                outputs: ["y"]
            )
        ]
        graph.outputs = ["y"]
        let examples = (0..<3).map { _ in
            Quantiser.Example(inputs: ["x": Tensor(shape: [9, 1, 7], floats: random.floats(63))])
        }
        let result = try quantised(graph, examples)
        #expect(result.graph.nodes.map(\.op) == ["com.microsoft.DynamicQuantizeLSTM"])
        #expect(result.outputError > 0 && result.outputError < 0.03, "\(result.outputError)")
        let made = try program(result.graph)
        try expectPlanned(made, examples[0])
    }
}
