import Compute
import Engine
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models

/// Winograd's convolutions, residual sums and steps that share the cache, against naive loops in double precision.
@Suite struct FastConvolutionTests {
    private static let seeds = (0..<12).map { _ in UInt64.random(in: 0...UInt64.max) }

    @Test(arguments: KernelSet.supported.map(\.name), seeds)
    func `a transformed convolution stays within 1e-4 of the largest output`(
        _ name: String,
        _ seed: UInt64
    ) throws {
        let sample = ResidualSample(seed: seed)
        let runner = GraphRunner(kernels: try KernelSet.select(name), numerics: .fast)
        let result = try runner.run(sample.graph, inputs: sample.inputs, outputs: ["result"])[0]
        let expected = sample.naive()
        #expect(result.shape == expected.shape, "\(sample)")
        expectClose(
            result.values,
            expected.data,
            Tolerance(relative: 0, absolute: 1e-4 * max(expected.largest, 1e-3)),
            "\(sample)"
        )
    }

    @Test(arguments: seeds)
    func `batches, workers and asking for inner values change no bit`(_ seed: UInt64) throws {
        let sample = ResidualSample(seed: seed)
        for kernels in KernelSet.supported {
            let runner = GraphRunner(kernels: kernels, numerics: .fast)
            let together = try runner.run(
                sample.graph,
                inputs: sample.inputs,
                outputs: ["result"]
            )[0]
            let alone = try (0..<sample.images).flatMap { image in
                try runner.run(
                    sample.graph,
                    inputs: sample.inputs(ofImage: image),
                    outputs: ["result"]
                )[0].values
            }
            expectSameBits(together.values, alone, "\(sample)")
            for count in [2, 3] {
                let workers = Workers(count: count, minimumWork: 0)
                let shared = try GraphRunner(kernels: kernels, workers: workers, numerics: .fast)
                    .run(sample.graph, inputs: sample.inputs, outputs: ["result"])
                expectSameBits(shared[0].values, together.values, "\(count) workers, \(sample)")
            }
        }
    }

    @Test func `a strip may end within an image and hold several`() throws {
        var sample = ResidualSample(seed: 7)
        sample.shape(channels: 64, outputs: 32, side: 30, images: 3)
        let kernels = try KernelSet.select(nil)
        let result = try GraphRunner(kernels: kernels, numerics: .fast)
            .run(sample.graph, inputs: sample.inputs, outputs: ["result"])[0]
        let expected = sample.naive()
        expectClose(
            result.values,
            expected.data,
            Tolerance(relative: 0, absolute: 1e-4 * expected.largest),
            "\(sample)"
        )
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `groups of an odd number of blocks keep their own weights`(_ name: String) throws {
        var random = SeededGenerator(seed: 11)
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil, nil])
        ]
        // Three groups of three blocks, where kernels may take blocks by two.
        let shape: Shape = [144, 48, 3, 3]
        graph.constants["w"] = Tensor(shape: shape, floats: random.floats(shape.count))
        graph.nodes = [
            Node(
                name: "y",
                op: "Conv",
                attributes: ["group": .int(3), "pads": .ints([1, 1, 1, 1])],
                inputs: ["x", "w"],
                outputs: ["y"]
            )
        ]
        graph.outputs = ["y"]
        let input = Tensor(shape: [1, 144, 10, 9], floats: random.floats(144 * 90))
        var naive = NaiveNetwork()
        naive.run(graph, inputs: ["x": input])
        let expected = try #require(naive.values["y"])
        let largest = expected.data.reduce(0) { max($0, abs($1)) }
        for numerics in Numerics.allCases {
            let result = try GraphRunner(kernels: try KernelSet.select(name), numerics: numerics)
                .run(graph, inputs: ["x": input], outputs: ["y"])[0]
            expectClose(
                result.values,
                expected.data,
                Tolerance(relative: 0, absolute: 1e-4 * largest),
                "\(numerics)"
            )
        }
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `a maxout layer and a plain one with the same kernel keep their own weights`(
        _ name: String
    ) throws {
        var random = SeededGenerator(seed: 23)
        var graph = Graph()
        let shape = Shape([64, 32, 3, 3])
        graph.constants["w"] = Tensor(shape: shape, floats: random.floats(shape.count))
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil, nil])
        ]
        graph.nodes = ["plain", "sum"].map { output in
            Node(name: output, op: "Conv", inputs: ["x", "w"], outputs: [output])
        }
        graph.nodes.append(Node(name: "max", op: "Maxout", inputs: ["sum"], outputs: ["max"]))
        let input = Tensor(shape: [1, 32, 10, 10], floats: random.floats(3200))
        let results = try GraphRunner(kernels: try KernelSet.select(name), numerics: .fast)
            .run(graph, inputs: ["x": input], outputs: ["plain", "max"])
        let plain = results[0].values
        let expected = (0..<32 * 64).map { index in
            let (pair, place) = index.quotientAndRemainder(dividingBy: 64)
            return max(plain[2 * pair * 64 + place], plain[(2 * pair + 1) * 64 + place])
        }
        expectSameBits(results[1].values, expected)
    }

    @Test(arguments: KernelSet.supported.map(\.name), seeds)
    func `a 1x1 layer has the same bits last and before another`(
        _ name: String,
        _ seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let (channels, outputs) = (random.int(1...70), random.int(1...70))
        let shape = Shape([random.int(1...3), channels, random.int(1...20), random.int(1...20)])
        let input = Tensor(shape: shape, floats: random.floats(shape.count))
        var graph = Graph()
        let weights = Shape([outputs, channels, 1, 1])
        graph.constants["w"] = Tensor(shape: weights, floats: random.floats(weights.count))
        graph.constants["b"] = Tensor(shape: [outputs], floats: random.floats(outputs))
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil, nil])
        ]
        graph.nodes = [
            Node(name: "last", op: "Conv", inputs: ["x", "w", "b"], outputs: ["last"]),
            Node(name: "first", op: "Conv", inputs: ["x", "w", "b"], outputs: ["first"]),
            Node(name: "next", op: "Relu", inputs: ["first"], outputs: ["next"]),
        ]
        let results = try GraphRunner(kernels: try KernelSet.select(name))
            .run(graph, inputs: ["x": input], outputs: ["last", "first", "next"])
        let comment = "seed \(seed), \(shape) to \(outputs) channels"
        expectSameBits(results[0].values, results[1].values, comment)
        var naive = NaiveNetwork()
        naive.run(graph, inputs: ["x": input])
        let expected = try #require(naive.values["last"])
        #expect(results[0].shape == expected.shape, "\(comment)")
        let scale = naive.magnitude(upTo: "last", in: graph)
        expectClose(
            results[0].values,
            expected.data,
            Tolerance(relative: 2e-5, absolute: 1e-6),
            scale: scale,
            comment
        )
    }

    @Test(arguments: KernelSet.supported.map(\.name))
    func `depthwise layers in the cache equal layers one by one`(_ name: String) throws {
        for seed in Self.seeds {
            let (graph, input) = Self.depthwiseStack(seed: seed)
            let names = graph.nodes.map { $0.outputs[0] }
            let kernels = try KernelSet.select(name)
            let runner = GraphRunner(kernels: kernels, numerics: .fast)
            let all = try runner.run(graph, inputs: ["x": input], outputs: names)
            let last = try runner.run(
                graph,
                inputs: ["x": input],
                outputs: [names[names.count - 1]]
            )
            expectSameBits(last[0].values, all[all.count - 1].values, "seed \(seed)")
            var naive = NaiveNetwork()
            naive.run(graph, inputs: ["x": input])
            for (output, result) in zip(names, all) {
                let expected = try #require(naive.values[output])
                expectClose(
                    result.values,
                    expected.data,
                    Tolerance(relative: 2e-5, absolute: 1e-6),
                    scale: naive.magnitude(upTo: output, in: graph),
                    "\(output), seed \(seed)"
                )
            }
        }
    }

    /// A 1×1 convolution, three depthwise ones with Relu, and a pooling.
    private static func depthwiseStack(seed: UInt64) -> (Graph, Tensor) {
        var random = SeededGenerator(seed: seed)
        let (channels, inputs) = (random.int(17...50), random.int(16...40))
        let size = (random.int(1...9), random.int(1...11))
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [nil, inputs, nil, nil])
        ]
        func add(_ name: String, _ op: String, _ input: String, _ extra: [String: Attribute]) {
            graph.nodes.append(
                Node(name: name, op: op, attributes: extra, inputs: [input], outputs: [name])
            )
        }
        add("expand", "Conv", "x", [:])
        let expand = Shape([channels, inputs, 1, 1])
        graph.constants["we"] = Tensor(shape: expand, floats: random.floats(expand.count))
        graph.nodes[0].inputs.append("we")
        var previous = "expand"
        for layer in 0..<3 {
            add(
                "deep\(layer)",
                "Conv",
                previous,
                ["group": .int(channels), "pads": .ints([1, 1, 1, 1])]
            )
            let shape = Shape([channels, 1, 3, 3])
            graph.constants["w\(layer)"] = Tensor(shape: shape, floats: random.floats(shape.count))
            graph.nodes[graph.nodes.count - 1].inputs.append("w\(layer)")
            add("relu\(layer)", "Relu", "deep\(layer)", [:])
            previous = "relu\(layer)"
        }
        graph.outputs = [previous]
        let shape = Shape([random.int(1...2), inputs, size.0, size.1])
        return (graph, Tensor(shape: shape, floats: random.floats(shape.count)))
    }
}

/// A 3×3 convolution that transforms suit, perhaps with a residual sum and an activation.
private struct ResidualSample: CustomStringConvertible {
    let seed: UInt64
    private(set) var graph = Graph()
    private(set) var inputs: [String: Tensor] = [:]
    private(set) var images = 1
    private var activation = ""
    private var isResidual = false
    private var random: SeededGenerator

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        let groups = [1, 1, 1, 2][random.int(0...3)]
        let channels = groups == 1 ? random.int(32...70) : 64
        let outputs = groups == 1 ? 2 * random.int(16...40) : 96
        let activations = ["", "Relu", "Clip", "Tanh"] + (groups == 1 ? ["Maxout"] : [])
        activation = activations[random.int(0...activations.count - 1)]
        isResidual = activation != "Maxout" && random.int(0...1) == 1
        make(channels, outputs, [random.int(3...18), random.int(3...18)], groups: groups)
    }

    /// The same kind of layer in another shape.
    mutating func shape(channels: Int, outputs: Int, side: Int, images: Int) {
        make(channels, outputs, [side, side], groups: 1, images: images)
    }

    var description: String { "seed \(seed), \(activation), residual \(isResidual)" }

    private mutating func make(
        _ channels: Int,
        _ outputs: Int,
        _ size: [Int],
        groups: Int,
        images given: Int? = nil
    ) {
        images = given ?? random.int(1...3)
        graph = Graph()
        let weights = Shape([outputs, channels / groups, 3, 3])
        graph.constants["w"] = Tensor(shape: weights, floats: random.floats(weights.count))
        graph.constants["b"] = Tensor(shape: [outputs], floats: random.floats(outputs))
        var conv = Node(name: "conv", op: "Conv", inputs: ["x", "w", "b"], outputs: ["sum"])
        conv.attributes = ["pads": .ints([1, 1, 1, 1]), "group": .int(groups)]
        graph.nodes = [conv]
        let shape = Shape([images, channels] + size)
        inputs = ["x": Tensor(shape: shape, floats: random.floats(shape.count))]
        var last = "sum"
        if isResidual {
            let shape = Shape([images, outputs] + size)
            inputs["r"] = Tensor(shape: shape, floats: random.floats(shape.count))
            graph.nodes.append(
                Node(name: "add", op: "Add", inputs: ["r", last], outputs: ["added"])
            )
            last = "added"
        }
        if activation.isEmpty {
            graph.nodes[graph.nodes.count - 1].outputs = ["result"]
        } else {
            var node = Node(name: "act", op: activation, inputs: [last], outputs: ["result"])
            if activation == "Clip" { node.attributes = ["min": .float(-0.5), "max": .float(2)] }
            graph.nodes.append(node)
        }
        graph.inputs = inputs.keys.sorted().map {
            Graph.Input(name: $0, type: .float32, dimensions: [nil, nil, nil, nil])
        }
    }

    func inputs(ofImage image: Int) -> [String: Tensor] {
        inputs.mapValues { tensor in
            var shape = tensor.shape
            let count = shape.count / shape[0]
            shape[0] = 1
            let floats = tensor.floats ?? []
            return Tensor(
                shape: shape,
                floats: Array(floats[image * count..<(image + 1) * count])
            )
        }
    }

    /// The definition, in double precision, and the largest sum before the activation.
    func naive() -> (shape: Shape, data: [Double], largest: Double) {
        var first = graph
        first.nodes = [graph.nodes[0]]
        first.nodes[0].outputs = ["sum"]
        var network = NaiveNetwork()
        network.run(first, inputs: inputs)
        guard let sum = network.values["sum"] else { return ([], [], 0) }
        var (shape, data) = (sum.shape, sum.data)
        if let added = inputs["r"]?.floats {
            for index in data.indices { data[index] += Double(added[index]) }
        }
        let largest = data.reduce(0) { max($0, abs($1)) }
        switch activation {
        case "Relu": data = data.map { max(0, $0) }
        case "Clip": data = data.map { min(2, max(-0.5, $0)) }
        case "Tanh": data = data.map { 1 - 2 / (exponential(2 * $0) + 1) }
        case "Maxout":
            let plane = shape[2] * shape[3]
            shape[1] /= 2
            data = (0..<shape.count).map { index in
                let (outer, place) = index.quotientAndRemainder(dividingBy: plane)
                return max(data[2 * outer * plane + place], data[(2 * outer + 1) * plane + place])
            }
        default: break
        }
        return (shape, data, largest)
    }

    /// eˣ by its series after halving; the tests import no C library for one function.
    private func exponential(_ x: Double) -> Double {
        let small = x / 1024
        var (term, sum) = (1.0, 1.0)
        for n in 1...12 {
            term *= small / Double(n)
            sum += term
        }
        for _ in 0..<10 { sum *= sum }
        return sum
    }
}
