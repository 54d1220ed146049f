import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Images in blocks of channels that are joined along them, beside the operators' definitions.
@Suite struct JoinedBlockTests {
    /// Convolutions of x to so many channels each, joined, and a convolution of all.
    private func graph(
        channels: [Int],
        kernel: Int,
        _ random: inout SeededGenerator
    ) -> Graph {
        var graph = Graph()
        func add(
            _ name: String,
            _ op: String,
            _ inputs: [String],
            _ attributes: [String: Attribute]
        ) {
            var node = Node(name: name, op: op, inputs: inputs, outputs: [name])
            node.attributes = attributes
            graph.nodes.append(node)
        }
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, 5, nil, nil])
        ]
        for (index, count) in channels.enumerated() {
            graph.constants["w\(index)"] = Tensor(
                shape: [count, 5, 3, 3],
                floats: random.floats(count * 45)
            )
            add("c\(index)", "Conv", ["x", "w\(index)"], ["pads": .ints([1, 1, 1, 1])])
        }
        add("joined", "Concat", channels.indices.map { "c\($0)" }, ["axis": .int(1)])
        let all = channels.reduce(0, +)
        graph.constants["w"] = Tensor(
            shape: [7, all, kernel, kernel],
            floats: random.floats(7 * all * kernel * kernel)
        )
        add("y", "Conv", ["joined", "w"], ["pads": .ints(Array(repeating: kernel / 2, count: 4))])
        graph.outputs = ["joined", "y"]
        return graph
    }

    @Test(arguments: [[16, 32], [32, 16, 20], [48, 1], [5, 16], [16, 16, 16]], [1, 3])
    func `a plan joins what the definitions join`(channels: [Int], kernel: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let graph = graph(channels: channels, kernel: kernel, &random)
        let shape: Shape = [2, 5, random.int(1...9), random.int(1...20)]
        let x = Tensor(shape: shape, floats: random.floats(shape.count))
        var values = graph.constants.merging(["x": x]) { $1 }
        for node in graph.nodes {
            let operands = Operands(
                node: node,
                tensors: node.inputs.map { values[$0] },
                context: .folding(memoryLimit: 1 << 26)
            )
            values[node.outputs[0]] = try Operators.make(node).evaluate(operands)[0]
        }
        for kernels in KernelSet.supported {
            for threads in [1, 2] {
                let tools = ProgramTools(
                    kernels: kernels,
                    workers: Workers(count: threads),
                    memoryLimit: 1 << 28
                )
                let program = try Program(graph, tools: tools)
                #expect(program.wholePlan(like: ["x": x], outputs: graph.outputs) != nil)
                let results = try program.run(
                    ["x": x],
                    outputs: graph.outputs,
                    isCancelled: { false }
                )
                for (name, result) in zip(graph.outputs, results) {
                    let expected = try #require(values[name])
                    #expect(result.shape == expected.shape)
                    expectClose(
                        try #require(result.floats),
                        try #require(expected.floats).map { Double($0) },
                        .close,
                        scale: name == "y" ? 30 : 5,
                        "\(name), \(kernels), \(threads) threads, seed \(seed)"
                    )
                }
            }
        }
    }
}
