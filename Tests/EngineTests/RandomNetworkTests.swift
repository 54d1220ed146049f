import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Graph
@testable import Models
@testable import Onnx

/// Random stacks of layers on random shapes, against naive loops in double precision.
@Suite struct RandomNetworkTests {
    @Test(arguments: KernelSet.supported.map(\.name))
    func `a random network equals its naive computation at every layer`(_ name: String) throws {
        let kernels = try KernelSet.select(name)
        for _ in 0..<25 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var generator = NetworkGenerator(seed: seed)
            let (graph, inputs) = generator.network()
            // Every value at once: nothing is fused, and each layer is held against its definition.
            let names = graph.nodes.map { $0.outputs[0] }
            var values = inputs
            let results = try GraphRunner(kernels: kernels)
                .run(graph, inputs: inputs, outputs: names)
            for (name, result) in zip(names, results) {
                values[name] = Tensor(shape: result.shape, floats: result.values)
            }
            for (node, result) in zip(graph.nodes, results) {
                try check(node, result, values, graph, "\(node.name), seed \(seed)")
            }
            try checkLast(graph, inputs, kernels, "seed \(seed)")
        }
    }

    /// One layer on the values before it, so that no error of theirs counts, in the measure of its sums' terms.
    private func check(
        _ node: Node,
        _ result: GraphRunner.Result,
        _ values: [String: Tensor],
        _ graph: Graph,
        _ comment: String
    ) throws {
        var layer = Graph()
        (layer.nodes, layer.constants) = ([node], graph.constants)
        let inputs = values.filter { node.inputs.contains($0.key) }
        let expected = try naive(layer, inputs)
        layer.constants = layer.constants.mapValues(\.magnitudes)
        for name in layer.constants.keys where name.hasSuffix(".mean") {
            // What is subtracted.
            layer.constants[name] = layer.constants[name].map { mean in
                Tensor(shape: mean.shape, floats: (mean.floats ?? []).map { -$0 })
            }
        }
        let terms = try naive(layer, inputs.mapValues(\.magnitudes))
        #expect(result.shape == expected.shape, "\(comment)")
        expectClose(
            result.values,
            expected.data,
            Tolerance(relative: 1e-5, absolute: 1e-6),
            scale: terms.data.reduce(0) { max($0, abs($1)) },
            comment
        )
    }

    /// The last value alone: all that can be is fused, and the errors of all layers count, which grow with their weights.
    private func checkLast(
        _ graph: Graph,
        _ inputs: [String: Tensor],
        _ kernels: KernelSet,
        _ comment: String
    ) throws {
        let name = graph.nodes[graph.nodes.count - 1].outputs[0]
        let result = try GraphRunner(kernels: kernels)
            .run(graph, inputs: inputs, outputs: [name])[0]
        var network = NaiveNetwork()
        network.run(graph, inputs: inputs)
        let expected = try #require(network.values[name])
        #expect(result.shape == expected.shape, "\(comment)")
        expectClose(
            result.values,
            expected.data,
            Tolerance(relative: 1e-3, absolute: 1e-5),
            scale: network.magnitude(upTo: name, in: graph),
            comment
        )
    }

    private func naive(
        _ layer: Graph,
        _ inputs: [String: Tensor]
    ) throws -> NaiveNetwork.Value {
        var network = NaiveNetwork()
        network.run(layer, inputs: inputs)
        return try #require(network.values[layer.nodes[0].outputs[0]])
    }

    @Test func `splitting over workers changes no bit of a random network`() throws {
        for _ in 0..<10 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var generator = NetworkGenerator(seed: seed)
            let (graph, inputs) = generator.network()
            let output = [graph.nodes[graph.nodes.count - 1].outputs[0]]
            for kernels in KernelSet.supported {
                let alone = try GraphRunner(kernels: kernels)
                    .run(graph, inputs: inputs, outputs: output)
                for count in [2, 4] {
                    let workers = Workers(count: count, minimumWork: 0)
                    let shared = try GraphRunner(kernels: kernels, workers: workers)
                        .run(graph, inputs: inputs, outputs: output)
                    expectSameBits(shared[0].values, alone[0].values, "seed \(seed)")
                }
            }
        }
    }
}

extension Tensor {
    /// Absolute values.
    fileprivate var magnitudes: Tensor {
        Tensor(shape: shape, floats: (floats ?? []).map { abs($0) })
    }
}

/// Makes networks that are valid by construction.
private struct NetworkGenerator {
    private var random: SeededGenerator
    private var graph = Graph()
    private var shape: Shape = []
    private var last = "image"

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func network() -> (Graph, [String: Tensor]) {
        shape = [
            pick([1, 1, 2, 3]), pick([1, 3, 7, 16, 20, 33]), pick([5, 8, 13, 20]),
            pick([4, 9, 17, 30]),
        ]
        let input = Tensor(shape: shape, floats: random.floats(shape.count))
        graph.inputs = [
            Graph.Input(
                name: "image",
                type: .float32,
                dimensions: shape.dimensions.map { _ in nil }
            )
        ]
        for _ in 0..<Int.random(in: 2...7, using: &random) { addLayer() }
        if Bool.random(using: &random) { addClassifier() }
        return (graph, ["image": input])
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    private mutating func addLayer() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...2: convolution()
        case 8, 9: unshared()
        case 3: pooling()
        case 4 where shape[1] % 2 == 0:
            append("Maxout", attributes: ["group": .int(2)]) { $0[1] /= 2 }
        case 5: normalisation()
        case 6: residual()
        default: append("Relu") { _ in }
        }
    }

    private mutating func append(
        _ op: String,
        attributes: [String: Attribute] = [:],
        constants: [(String, Tensor)] = [],
        inputs: [String]? = nil,
        _ change: (inout Shape) -> Void
    ) {
        let name = "\(op.lowercased())\(graph.nodes.count)"
        var node = Node(name: name, op: op, attributes: attributes, inputs: inputs ?? [last])
        for (suffix, tensor) in constants {
            graph.constants["\(name).\(suffix)"] = tensor
            node.inputs.append("\(name).\(suffix)")
        }
        node.outputs = [name]
        graph.nodes.append(node)
        change(&shape)
        last = name
    }

    private mutating func convolution() {
        let kernel = [pick([1, 2, 3, 5]), pick([1, 3, 4])]
        let pads = (0..<4).map { _ in Int.random(in: 0...2, using: &random) }
        let strides = [pick([1, 1, 2, 3]), pick([1, 1, 2])]
        let height = shape[2] + pads[0] + pads[2] - kernel[0]
        let width = shape[3] + pads[1] + pads[3] - kernel[1]
        guard height >= 0, width >= 0 else { return }
        let channels = shape[1]
        let groups = pick([1, 1, 1, channels].filter { channels % $0 == 0 })
        let outputs = groups == 1 ? pick([1, 6, 16, 32, 40]) : groups
        let weights: Shape = [outputs, channels / groups, kernel[0], kernel[1]]
        append(
            "Conv",
            attributes: [
                "kernel_shape": .ints(kernel), "pads": .ints(pads), "strides": .ints(strides),
                "group": .int(groups),
            ],
            constants: [
                ("weight", Tensor(shape: weights, floats: random.floats(weights.count))),
                ("bias", Tensor(shape: [outputs], floats: random.floats(outputs))),
            ]
        ) { shape in
            shape = [shape[0], outputs, height / strides[0] + 1, width / strides[1] + 1]
        }
    }

    /// A tiled or locally connected layer, or one with a connection table, and perhaps an activation.
    private mutating func unshared() {
        let kernel = [pick([1, 2, 3]), pick([1, 3])]
        let pads = (0..<4).map { _ in Int.random(in: 0...1, using: &random) }
        let strides = [pick([1, 1, 2]), pick([1, 2])]
        let height = (shape[2] + pads[0] + pads[2] - kernel[0]) / strides[0] + 1
        let width = (shape[3] + pads[1] + pads[3] - kernel[1]) / strides[1] + 1
        guard shape[2] + pads[0] + pads[2] >= kernel[0],
            shape[3] + pads[1] + pads[3] >= kernel[1]
        else { return }
        let (inputs, outputs) = (shape[1], pick([2, 6, 16, 20]))
        var attributes: [String: Attribute] = ["pads": .ints(pads), "strides": .ints(strides)]
        let op = pick(["TiledConv", "LocallyConnected", "Conv"])
        var (weights, bias): (Shape, Shape)
        switch op {
        case "TiledConv":
            let tile = [pick([1, 2, 3]), pick([1, 2])]
            attributes["tile"] = .ints(tile)
            weights = [outputs, inputs, kernel[0], kernel[1], tile[0], tile[1]]
            bias = [outputs]
        case "LocallyConnected":
            weights = [outputs, height, width, inputs, kernel[0], kernel[1]]
            bias = [outputs, height, width]
        default:
            let sets = (0..<outputs).map { _ in
                (0..<inputs).filter { _ in Bool.random(using: &random) }
            }
            attributes["connections"] = .ints(Array(sets.joined()))
            attributes["connection_counts"] = .ints(sets.map(\.count))
            weights = [sets.joined().count, kernel[0], kernel[1]]
            bias = [outputs]
        }
        guard weights.count > 0, weights.count < 300_000 else { return }
        append(
            op,
            attributes: attributes,
            constants: [
                ("weight", Tensor(shape: weights, floats: random.floats(weights.count))),
                ("bias", Tensor(shape: bias, floats: random.floats(bias.count))),
            ]
        ) { $0 = [$0[0], outputs, height, width] }
        if Bool.random(using: &random) { append("Relu") { _ in } }
    }

    private mutating func pooling() {
        let kernel = [pick([1, 2, 3]), pick([2, 3])]
        let strides = [pick([1, 2]), pick([1, 2, 3])]
        let pad = pick([0, 0, 1])
        guard shape[2] >= kernel[0], shape[3] >= kernel[1], pad < kernel[0] else { return }
        append(
            pick(["MaxPool", "AveragePool", "LpPool"]),
            attributes: [
                "kernel_shape": .ints(kernel), "strides": .ints(strides),
                "pads": .ints([pad, 0, pad, 0]),
            ]
        ) { shape in
            shape[2] = (shape[2] + 2 * pad - kernel[0]) / strides[0] + 1
            shape[3] = (shape[3] - kernel[1]) / strides[1] + 1
        }
    }

    private mutating func normalisation() {
        let channels = shape[1]
        func list(_ values: [Float]) -> Tensor { Tensor(shape: [channels], floats: values) }
        append(
            "BatchNormalization",
            constants: [
                ("scale", list(random.floats(channels))), ("bias", list(random.floats(channels))),
                ("mean", list(random.floats(channels))),
                ("variance", list(random.floats(channels).map { $0 * $0 + 0.1 })),
            ]
        ) { _ in }
    }

    /// Adds the value to its own rectified self: two readers of one value.
    private mutating func residual() {
        let before = last
        append("Relu") { _ in }
        append("Add", inputs: [last, before]) { _ in }
    }

    private mutating func addClassifier() {
        append("Flatten") { $0 = [$0[0], $0.count / $0[0]] }
        let (width, units) = (shape[1], pick([2, 10, 48]))
        append(
            "Gemm",
            attributes: ["transB": .int(1)],
            constants: [
                ("weight", Tensor(shape: [units, width], floats: random.floats(units * width))),
                ("bias", Tensor(shape: [units], floats: random.floats(units))),
            ]
        ) { $0 = [$0[0], units] }
        if Bool.random(using: &random) {
            append("Maxout", attributes: ["group": .int(2)]) { $0[1] /= 2 }
        }
    }
}
