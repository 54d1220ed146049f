import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Models over series, from model.json to answers.
@Suite struct SeriesModelTests {
    /// A model of `depth` convolutions of one channel with kernels of six.
    private func model(depth: Int, padding: String, length: Int = 16) throws -> Model {
        let builder = try ModelFolderBuilder()
        let layers = (1...depth).map {
            #"{"name":"conv\#($0)","op":"Conv","kernel":[6],"channels":1,"padding":\#(padding)}"#
        }
        try builder.write(
            """
            {"name":"deep","input":{"name":"series","channels":1,"length":\(length)},
             "layers":[\(layers.joined(separator: ","))]}
            """,
            to: "model.json"
        )
        let kernel = Tensor(shape: [1, 1, 6], floats: [1, 2, 3, 4, 5, 6])
        try builder.write(
            Dictionary(uniqueKeysWithValues: (1...depth).map { ("conv\($0).weight", kernel) })
        )
        return try builder.load()
    }

    @Test func `a kernel of six shrinks 16 to 11 to 6 to 1, and then there is nothing left`() throws
    {
        let three = try model(depth: 3, padding: #""valid""#)
        #expect(three.layers.map { $0.outputShape[2] } == [11, 6, 1])
        let error = #expect(throws: ModelError.self) { try model(depth: 4, padding: #""valid""#) }
        let text = error?.description ?? ""
        #expect(text.contains("conv4") && text.contains("window of 6"), "\(text)")
        #expect(text.contains("series of 1 steps"), "\(text)")
        let padded = try model(depth: 12, padding: #""same""#)
        #expect(padded.layers.allSatisfy { $0.outputShape == [1, 1, 16] })
        let explicit = try model(depth: 12, padding: "[2,3]")
        #expect(explicit.layers.allSatisfy { $0.outputShape == [1, 1, 16] })
        let full = try model(depth: 2, padding: #""full""#)
        #expect(full.layers.map { $0.outputShape[2] } == [21, 26])
        #expect(full.layers[1].receptiveField?.width == 11)
    }

    @Test(arguments: [
        (#""kernel":[3,3]"#, "kernel", "1 integers"),
        (#""kernel":[3],"padding":[1,1,1,1]"#, "padding", "[begin, end]"),
        (#""kernel":[3],"strides":[1,2]"#, "strides", "one integer"),
        (#""kernel":[4]"#, "kernel", "[3]"),
    ])
    func `a mistake in a layer over time names layer, field and what is right`(
        fields: String,
        field: String,
        expected: String
    ) throws {
        let builder = try ModelFolderBuilder()
        try builder.write(
            """
            {"name":"wrong","input":{"name":"series","channels":2},
             "layers":[{"name":"conv1","op":"Conv",\(fields)}]}
            """,
            to: "model.json"
        )
        let weights = Tensor(shape: [1, 2, 3], floats: [1, 2, 3, 4, 5, 6])
        try builder.write(["conv1.weight": weights])
        let error = #expect(throws: ModelError.self) { try builder.load() }
        let text = error?.description ?? ""
        #expect(text.contains(field) && text.contains(expected), "\(text)")
    }

    @Test func `a classifier of series needs a series, and a label for each number`() throws {
        for (input, field) in [
            (#"{"name":"series","channels":1,"length":1}"#, "labels"),
            (#"{"name":"image","channels":1,"height":1,"width":1}"#, "input"),
        ] {
            let builder = try ModelFolderBuilder()
            try builder.write(
                """
                {"name":"wrong","task":"series-classification","input":\(input),
                 "layers":[{"name":"flat","op":"Flatten"}],"outputs":["flat"]}
                """,
                to: "model.json"
            )
            let error = #expect(throws: ModelError.self) { try builder.load() }
            #expect(error?.description.contains(field) == true, "\(error?.description ?? "")")
        }
    }

    @Test func `an image and a series do not pass for each other`() throws {
        let series = try model(depth: 1, padding: #""same""#)
        let error = #expect(throws: ModelError.self) {
            try series.answer(
                [Float](repeating: 0, count: 16),
                shape: [1, 1, 1, 16],
                output: "conv1"
            )
        }
        #expect(error?.description.contains("[any, 1, 16]") == true)
        var node = Node(name: "pool", op: "MaxPool", inputs: ["x"], outputs: ["pool"])
        node.attributes["kernel_shape"] = .ints([2])
        #expect(
            throws: ModelError.shape(
                node: "pool",
                reason: "MaxPool needs an input [N, C, L], as its kernel has one axis, "
                    + "but its input has shape [1, 2, 3, 4]"
            )
        ) { try node.imageShape([1, 2, 3, 4], axisCount: 1) }
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `fusing changes no shape and no value of a network over time`(_ name: String) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let (graph, input) = network(&random)
            let names = graph.nodes.map { $0.outputs[0] }
            var runner = try GraphRunner(kernels: KernelSet.select(name))
            let last = try runner.run(
                graph,
                inputs: ["x": input],
                outputs: [names[names.count - 1]]
            )
            runner.rewrites = false
            let all = try runner.run(graph, inputs: ["x": input], outputs: names)
            let expected = try #require(all.last)
            #expect(last[0].shape == expected.shape, "seed \(seed)")
            let scale = all.flatMap(\.values).reduce(1) { max($0, abs($1)) }
            expectClose(
                last[0].values,
                expected.values.map { Double($0) },
                Tolerance(relative: 2e-5, absolute: 1e-6),
                scale: Double(scale),
                "seed \(seed)"
            )
        }
    }

    /// Convolution, normalisation, maxout, pooling, the mean over time.
    private func network(_ random: inout SeededGenerator) -> (Graph, Tensor) {
        let (channels, width) = (random.int(1...20), 2 * random.int(1...20))
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil])]
        let weights = random.floats(width * channels * 3)
        graph.constants["w"] = Tensor(shape: [width, channels, 3], floats: weights)
        for name in ["scale", "shift", "mean"] {
            graph.constants[name] = Tensor(shape: [width], floats: random.floats(width))
        }
        let variance = random.floats(width, in: 0.5...2)
        graph.constants["variance"] = Tensor(shape: [width], floats: variance)
        let norm = ["conv", "scale", "shift", "mean", "variance"]
        graph.nodes = [
            Node(name: "conv", op: "Conv", inputs: ["x", "w"], outputs: ["conv"]),
            Node(name: "norm", op: "BatchNormalization", inputs: norm, outputs: ["norm"]),
            Node(
                name: "maxout",
                op: "Maxout",
                attributes: ["axis": .int(1)],
                inputs: ["norm"],
                outputs: ["maxout"]
            ),
            Node(
                name: "pool",
                op: "MaxPool",
                attributes: ["kernel_shape": .ints([2]), "strides": .ints([2])],
                inputs: ["maxout"],
                outputs: ["pool"]
            ),
            Node(name: "mean2", op: "GlobalAveragePool", inputs: ["pool"], outputs: ["mean2"]),
            Node(name: "flat", op: "Flatten", inputs: ["mean2"], outputs: ["flat"]),
        ]
        let shape: Shape = [random.int(1...3), channels, random.int(4...60)]
        return (graph, Tensor(shape: shape, floats: random.floats(shape.count)))
    }
}
