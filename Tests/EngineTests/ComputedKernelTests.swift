import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Convolutions with kernels that come with the request, beside the same ones computed one by one in 64 bits.
@Suite struct ComputedKernelTests {
    private static let groups = [(1, 1), (1, 3), (2, 16), (3, 2), (4, 4), (6, 1)]

    @Test("a kernel may be computed", arguments: KernelSet.supported.map(\.name), 0..<24)
    func computed(kernels: String, round: Int) throws {
        let seed = UInt64(round)
        var random = SeededGenerator(seed: seed)
        let (groups, perGroup) = try #require(Self.groups.randomElement(using: &random))
        let isDepthwise = round % 4 == 0
        let channels = isDepthwise ? Int.random(in: 2...40, using: &random) : groups * perGroup
        let count = isDepthwise ? channels : groups
        let outputs = isDepthwise ? channels : count * Int.random(in: 1...35, using: &random)
        let isSeries = round % 3 == 1
        let sizes = (0..<(isSeries ? 1 : 2)).map { _ in Int.random(in: 1...4, using: &random) }
        let image = sizes.map { $0 + Int.random(in: 0...9, using: &random) }
        let x = tensor([Int.random(in: 1...2, using: &random), channels] + image, &random)
        let w = tensor([outputs, channels / count] + sizes, &random)
        var inputs = ["x": x, "w": w]
        var conv = Node(name: "conv", op: "Conv", inputs: ["x", "w"], outputs: ["y"])
        conv.attributes = [
            "group": .int(count),
            "pads": .ints((0..<2 * sizes.count).map { $0 % sizes.count }),
            "strides": .ints(sizes.map { _ in Int.random(in: 1...2, using: &random) }),
        ]
        if round % 2 == 1 {
            inputs["b"] = tensor([outputs], &random)
            conv.inputs.append("b")
        }
        let reference = try evaluated(conv, inputs)
        var graph = Graph()
        graph.nodes = [conv]
        var expected = try #require(reference.floats).map { Double($0) }
        // What follows is fused as behind other convolutions.
        if round % 5 < 2 {
            inputs["other"] = tensor(reference.shape.dimensions, &random)
            graph.nodes.append(
                Node(name: "sum", op: "Add", inputs: ["y", "other"], outputs: ["s"])
            )
            for (index, value) in try #require(inputs["other"]?.floats).enumerated() {
                expected[index] += Double(value)
            }
        }
        if round % 5 == 1 {
            graph.nodes.append(Node(name: "relu", op: "Relu", inputs: ["s"], outputs: ["r"]))
            expected = expected.map { max(0, $0) }
        }
        graph.outputs = [graph.nodes[graph.nodes.count - 1].outputs[0]]
        graph.inputs = inputs.sorted { $0.key < $1.key }.map { name, value in
            Graph.Input(name: name, type: .float32, dimensions: value.shape.dimensions.map { $0 })
        }
        let table = try #require(KernelSet.supported.first { $0.name == kernels })
        let program = try Program(
            graph,
            tools: ProgramTools(
                kernels: table,
                workers: Workers(count: 2, minimumWork: 0),
                memoryLimit: 1 << 28
            )
        )
        let message = "seed \(seed): \(x.shape) \(w.shape) \(conv.attributes)"
        #expect(program.wholePlan(like: inputs, outputs: graph.outputs) != nil, "\(message)")
        let result = try program.run(inputs, outputs: graph.outputs, isCancelled: { false })[0]
        #expect(result.shape == reference.shape)
        expectClose(try #require(result.floats), expected, .close, scale: 1, message)
    }

    @Test("the kernel of a transposed convolution may be computed", arguments: 0..<8)
    func transposed(round: Int) throws {
        var random = SeededGenerator(seed: UInt64(round))
        let groups = round % 3 == 2 ? 2 : 1
        let x = tensor([1, groups * 3, 4, 5], &random)
        let w = tensor([groups * 3, round + 1, 3, 2 + round % 3], &random)
        var node = Node(name: "t", op: "ConvTranspose", inputs: ["x", "w", "b"], outputs: ["y"])
        node.attributes = [
            "strides": .ints([1 + round % 2, 2]), "group": .int(groups),
            "pads": .ints([1, 0, round % 2, 1]),
        ]
        let inputs = ["x": x, "w": w, "b": tensor([groups * (round + 1)], &random)]
        let reference = try evaluated(node, inputs)
        var graph = Graph()
        (graph.nodes, graph.outputs) = ([node], ["y"])
        graph.inputs = inputs.sorted { $0.key < $1.key }.map { name, value in
            Graph.Input(name: name, type: .float32, dimensions: value.shape.dimensions.map { $0 })
        }
        let tools = ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 2, minimumWork: 0),
            memoryLimit: 1 << 28
        )
        let program = try Program(graph, tools: tools)
        #expect(program.wholePlan(like: inputs, outputs: ["y"]) != nil, "it is not planned")
        let result = try program.run(inputs, outputs: ["y"], isCancelled: { false })[0]
        #expect(result.shape == reference.shape)
        let expected = try #require(reference.floats).map { Double($0) }
        expectClose(try #require(result.floats), expected, .close, scale: 1, "round \(round)")
    }

    private func tensor(_ shape: [Int], _ random: inout SeededGenerator) -> Tensor {
        Tensor(shape: Shape(shape), floats: random.floats(Shape(shape).count))
    }

    private func evaluated(_ node: Node, _ inputs: [String: Tensor]) throws -> Tensor {
        let operands = Operands(
            node: node,
            tensors: node.inputs.map { inputs[$0] },
            context: .folding(memoryLimit: 1 << 24)
        )
        return try Operators.make(node).evaluate(operands)[0]
    }
}
