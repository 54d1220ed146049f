import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph

/// Layers with a kernel for each channel, between values that lie row by row.
@Suite struct DepthwiseSquareTests {
    /// The first one has rows of 16 pixels inside of a plane.
    private static let seeds =
        [5_879_643_348_208_729_557] + (0..<24).map { _ in UInt64.random(in: 0...UInt64.max) }

    /// A layer whose answer goes out as it is, and one whose answer is read once more, and so lies in blocks.
    private struct Sample: CustomStringConvertible {
        let images: Int
        let channels: Int
        let height: Int
        let width: Int
        let pads: [Int]
        let graph: Graph
        let inputs: [String: Tensor]

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            images = random.int(1...3)
            channels = random.int(2...40)
            pads = (0..<4).map { _ in random.int(0...2) }
            height = random.int(max(1, 3 - pads[0] - pads[2])...40)
            width = random.int(max(1, 18 - pads[1] - pads[3])...70)
            let shape: Shape = [channels, 1, 3, 3]
            var graph = Graph()
            graph.constants["w"] = Tensor(shape: shape, floats: random.floats(shape.count))
            graph.constants["b"] = Tensor(shape: [channels], floats: random.floats(channels))
            graph.inputs = [
                Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil, nil])
            ]
            graph.nodes = [
                Node(
                    name: "y",
                    op: "Conv",
                    attributes: ["group": .int(channels), "pads": .ints(pads)],
                    inputs: ["x", "w", "b"],
                    outputs: ["y"]
                ),
                Node(name: "z", op: "Relu", inputs: ["y"], outputs: ["z"]),
            ]
            graph.outputs = ["y"]
            self.graph = graph
            let input: Shape = [images, channels, height, width]
            inputs = ["x": Tensor(shape: input, floats: random.floats(input.count))]
        }

        var description: String { "\(images) × \(channels) × \(height) × \(width), pads \(pads)" }
    }

    @Test(arguments: KernelSet.supported.map(\.name), seeds)
    func `they equal their definition, and layers in blocks bit for bit`(
        _ name: String,
        _ seed: UInt64
    ) throws {
        let sample = Sample(seed: seed)
        var naive = NaiveNetwork()
        naive.run(sample.graph, inputs: sample.inputs)
        let expected = try #require(naive.values["y"])
        let runner = GraphRunner(kernels: try KernelSet.select(name), rewrites: false)
        let result = try runner.run(sample.graph, inputs: sample.inputs, outputs: ["y"])[0]
        #expect(result.shape == expected.shape, "\(sample), seed \(seed)")
        expectClose(
            result.values,
            expected.data,
            Tolerance(relative: 1e-5, absolute: 1e-5),
            "\(sample), seed \(seed)"
        )
        let blocked = try runner.run(sample.graph, inputs: sample.inputs, outputs: ["y", "z"])
        expectSameBits(result.values, blocked[0].values, "\(sample), seed \(seed)")
        let shared = try GraphRunner(
            kernels: try KernelSet.select(name),
            workers: Workers(count: 3, minimumWork: 0),
            rewrites: false
        ).run(sample.graph, inputs: sample.inputs, outputs: ["y"])[0]
        expectSameBits(result.values, shared.values, "three workers, \(sample), seed \(seed)")
    }
}
