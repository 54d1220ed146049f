import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Plans that multiply small integers, beside the operators' definitions: the same bits for all kernels and threads.
@Suite struct IntegerTests {
    /// A graph of one or more nodes, its inputs' values and its constants.
    private struct Network {
        var graph = Graph()
        var given: [String: Tensor] = [:]

        mutating func input(_ name: String, _ tensor: Tensor) -> String {
            given[name] = tensor
            graph.inputs.append(
                Graph.Input(
                    name: name,
                    type: tensor.type,
                    dimensions: tensor.shape.dimensions.map { $0 }
                )
            )
            return name
        }

        mutating func constant(_ tensor: Tensor) -> String {
            let name = "c\(graph.constants.count)"
            graph.constants[name] = tensor
            return name
        }

        mutating func add(
            _ op: String,
            _ inputs: [String],
            _ attributes: [String: Attribute] = [:],
            outputs: Int = 1
        ) -> String {
            let name = "n\(graph.nodes.count)"
            var node = Node(name: name, op: op, opset: 19)
            node.inputs = inputs
            node.attributes = attributes
            node.outputs = (0..<outputs).map { "\(name)_\($0)" }
            graph.nodes.append(node)
            return "\(name)_0"
        }

        /// All nodes by their definitions, one after the other.
        func defined() throws -> [String: Tensor] {
            var values = graph.constants.merging(given) { $1 }
            for node in graph.nodes {
                let operands = Operands(
                    node: node,
                    tensors: node.inputs.map { $0.isEmpty ? nil : values[$0] },
                    context: .folding(memoryLimit: 1 << 28)
                )
                let results = try Operators.make(node).evaluate(operands)
                for (name, value) in zip(node.outputs, results) { values[name] = value }
            }
            return values
        }

        func planned(_ kernels: KernelSet, threads: Int) throws -> [Tensor] {
            let tools = ProgramTools(
                kernels: kernels,
                workers: Workers(count: threads),
                memoryLimit: 1 << 28
            )
            let program = try Program(graph, tools: tools)
            #expect(program.wholePlan(like: given, outputs: graph.outputs) != nil, "not planned")
            return try program.run(given, outputs: graph.outputs, isCancelled: { false })
        }
    }

    private static func bytes(
        _ type: ElementType,
        _ shape: Shape,
        _ random: inout SeededGenerator
    ) -> Tensor {
        let range = type.integerRange
        let values = (0..<shape.count).map { _ -> Int in
            // The ends are where sums are largest.
            switch Int.random(in: 0..<6, using: &random) {
            case 0: range.lowerBound
            case 1: range.upperBound
            default: Int.random(in: range, using: &random)
            }
        }
        return Tensor(shape: shape, elements: Tensor.Elements(values, as: type) ?? .integers([]))
    }

    private static func number(_ value: Int, _ type: ElementType) -> Tensor {
        Tensor(shape: [], elements: Tensor.Elements([value], as: type) ?? .integers([]))
    }

    private func expectSame(_ network: Network, _ comment: String) throws {
        let values = try network.defined()
        let expected = network.graph.outputs.compactMap { values[$0] }
        for kernels in KernelSet.supported {
            for threads in [1, 2] {
                let results = try network.planned(kernels, threads: threads)
                for (result, reference) in zip(results, expected) {
                    #expect(result.shape == reference.shape, "\(comment)")
                    #expect(result.type == reference.type, "\(comment)")
                    #expect(
                        result.elements == reference.elements,
                        "\(kernels), \(threads) threads, \(comment)"
                    )
                }
            }
        }
    }

    @Test(arguments: 0..<48)
    func `convolutions of bytes are the definition's, bit for bit`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let x: ElementType = pick(0...1) == 0 ? .uint8 : .int8
        let w: ElementType = pick(0...2) == 0 ? .uint8 : .int8
        // Those that kernels without a product of bytes compute in squares.
        let isSquare = (24..<36).contains(seed)
        // Windows of 3×3 for each channel, of which many are computed at once.
        let isNine = seed >= 36
        let isDepthwise = isNine || !isSquare && seed % 4 == 1
        let groups = isDepthwise ? pick(2...200) : !isSquare && seed % 4 == 2 ? pick(2...3) : 1
        let inputs = isSquare ? 16 * pick(1...5) : isDepthwise ? 1 : pick(1...20)
        let outputs = isDepthwise ? 1 : pick(1...70)
        let isSeries = !isSquare && !isNine && seed % 7 == 3
        let kernel =
            isSquare || isNine ? [3, 3] : isSeries ? [pick(1...5)] : [pick(1...4), pick(1...4)]
        let sizes = kernel.map { $0 + pick(0...(isSquare ? 40 : 11)) }
        var network = Network()
        let input = network.input(
            "x",
            Self.bytes(x, Shape([pick(1...2), inputs * groups] + sizes), &random)
        )
        let weights = network.constant(
            Self.bytes(w, Shape([outputs * groups, inputs] + kernel), &random)
        )
        let pads = kernel.map { pick(0...($0 - 1)) }
        let attributes: [String: Attribute] = [
            "group": .int(groups), "pads": .ints(pads + pads),
            "strides": .ints(kernel.map { _ in isSquare ? 1 : pick(1...2) }),
        ]
        let zero = pick(x.integerRange)
        let weightZero = pick(0...2) == 0 ? pick(w.integerRange) : 0
        if seed % 2 == 0 {
            let zeros =
                seed % 3 == 0
                ? network.input("z", Self.number(zero, x)) : network.constant(Self.number(zero, x))
            network.graph.outputs = [
                network.add(
                    "ConvInteger",
                    [input, weights, zeros, network.constant(Self.number(weightZero, w))],
                    attributes
                )
            ]
        } else {
            let count = outputs * groups
            let y: ElementType = pick(0...1) == 0 ? .uint8 : .int8
            // The last ones are beyond all integers.
            let unit: Float = seed < 44 ? 40_000 : 1e-9
            let scales = (0..<count).map { _ in Float(pick(1...400)) / unit }
            let bias = (0..<count).map { _ in Int32(pick(-4000...4000)) }
            network.graph.outputs = [
                network.add(
                    "QLinearConv",
                    [
                        input, network.constant(Tensor(shape: [], floats: [0.031])),
                        network.constant(Self.number(zero, x)), weights,
                        network.constant(Tensor(shape: [count], floats: scales)),
                        network.constant(
                            Tensor(
                                shape: [count],
                                elements: Tensor.Elements(
                                    Array(repeating: weightZero, count: count),
                                    as: w
                                ) ?? .integers([])
                            )
                        ), network.constant(Tensor(shape: [], floats: [0.047])),
                        network.constant(Self.number(pick(y.integerRange), y)),
                        network.constant(Tensor(shape: [count], elements: .int32(bias))),
                    ],
                    attributes
                )
            ]
        }
        try expectSame(network, "seed \(seed)")
    }

    @Test(arguments: 0..<16)
    func `products of bytes are the definition's, bit for bit`(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let x: ElementType = pick(0...1) == 0 ? .uint8 : .int8
        let w: ElementType = pick(0...2) == 0 ? .uint8 : .int8
        // Some rows are longer than the chunks that they are widened in.
        let inputs = pick(1...90) + (seed % 5 == 4 ? 2000 : 0)
        let (rows, outputs) = (pick(1...70), pick(1...200))
        let shape: Shape = seed % 3 == 0 ? [2, rows, inputs] : [rows, inputs]
        var network = Network()
        let input = network.input("x", Self.bytes(x, shape, &random))
        let weights = network.constant(Self.bytes(w, [inputs, outputs], &random))
        let zero = pick(x.integerRange)
        if seed % 2 == 0 {
            let zeros =
                seed % 4 == 0
                ? network.input("z", Self.number(zero, x)) : network.constant(Self.number(zero, x))
            network.graph.outputs = [network.add("MatMulInteger", [input, weights, zeros])]
        } else {
            let y: ElementType = pick(0...1) == 0 ? .uint8 : .int8
            network.graph.outputs = [
                network.add(
                    "QLinearMatMul",
                    [
                        input, network.constant(Tensor(shape: [], floats: [0.02])),
                        network.constant(Self.number(zero, x)), weights,
                        network.constant(Tensor(shape: [], floats: [0.011])),
                        network.constant(Self.number(pick(w.integerRange), w)),
                        network.constant(Tensor(shape: [], floats: [0.9])),
                        network.constant(Self.number(pick(y.integerRange), y)),
                    ]
                )
            ]
        }
        try expectSame(network, "seed \(seed)")
    }

    @Test(arguments: [[7], [3, 37], [2, 5, 9, 11], [1, 100_001]], [ElementType.uint8, .int8])
    func `real numbers become bytes and come back as the definition says`(
        _ sizes: [Int],
        _ type: ElementType
    ) throws {
        var random = SeededGenerator(seed: 3)
        let shape = Shape(sizes)
        var values = random.floats(shape.count).map { $0 * 9 }
        values.replaceSubrange(0..<4, with: [.nan, .infinity, -.infinity, 0.125 as Float])
        var network = Network()
        let x = network.input("x", Tensor(shape: shape, floats: values))
        let scale = network.constant(Tensor(shape: [], floats: [0.25]))
        let zero = network.constant(Self.number(3, type))
        let quantised = network.add("QuantizeLinear", [x, scale, zero])
        let real = network.add("DequantizeLinear", [quantised, scale, zero])
        network.graph.outputs = [quantised, real]
        try expectSame(network, "\(shape) \(type)")
    }

    @Test(arguments: [[5], [3, 37], [100_001]])
    func `a dynamic scale holds what is there`(_ sizes: [Int]) throws {
        var random = SeededGenerator(seed: 4)
        for factor: Float in [0, 1, 1e-30, 3e5] {
            var network = Network()
            let values = random.floats(Shape(sizes).count).map { $0 * factor }
            let x = network.input("x", Tensor(shape: Shape(sizes), floats: values))
            _ = network.add("DynamicQuantizeLinear", [x], outputs: 3)
            network.graph.outputs = ["n0_0", "n0_1", "n0_2"]
            try expectSame(network, "\(sizes), \(factor)")
        }
    }

    @Test(arguments: [ElementType.uint8, .int8])
    func `the largest bytes of windows`(_ type: ElementType) throws {
        var random = SeededGenerator(seed: 5)
        for (kernel, pad, stride) in [(2, 0, 2), (3, 1, 2), (3, 1, 1)] {
            for channels in [1, 3, 16, 37] {
                var network = Network()
                let x = network.input("x", Self.bytes(type, [2, channels, 9, 11], &random))
                network.graph.outputs = [
                    network.add(
                        "MaxPool",
                        [x],
                        [
                            "kernel_shape": .ints([kernel, kernel]),
                            "pads": .ints([pad, pad, pad, pad]),
                            "strides": .ints([stride, stride]),
                        ]
                    )
                ]
                try expectSame(network, "\(type) \(kernel) \(channels)")
            }
        }
    }

    // MARK: Between DequantizeLinear and QuantizeLinear

    /// Adds QuantizeLinear and DequantizeLinear of a value.
    private static func requantised(
        _ value: String,
        _ scale: Float,
        _ zero: Int,
        _ type: ElementType,
        _ network: inout Network
    ) -> String {
        let steps = [
            network.constant(Tensor(shape: [], floats: [scale])),
            network.constant(number(zero, type)),
        ]
        let integers = network.add("QuantizeLinear", [value] + steps)
        return network.add("DequantizeLinear", [integers] + steps)
    }

    /// Weights of int8 with a scale for each output, dequantised.
    private static func weights(
        _ shape: Shape,
        axis: Int,
        _ network: inout Network,
        _ random: inout SeededGenerator
    ) -> String {
        let count = shape[axis]
        let scales = (0..<count).map { _ in Float(random.int(1...90)) / 9000 }
        return network.add(
            "DequantizeLinear",
            [
                network.constant(bytes(.int8, shape, &random)),
                network.constant(Tensor(shape: [count], floats: scales)),
                network.constant(
                    Tensor(
                        shape: [count],
                        elements: .int8(Array(repeating: 0, count: count))
                    )
                ),
            ],
            ["axis": .int(axis)]
        )
    }

    @Test(arguments: [ElementType.uint8, .int8])
    func `sums and functions of bytes are the definition's, bit for bit`(
        _ type: ElementType
    ) throws {
        var random = SeededGenerator(seed: 6)
        for shape: Shape in [[1, 3, 5, 7], [2, 37], [1, 16, 40, 41]] {
            for op in ["Add", "Mul", "Sigmoid", "LeakyRelu", "Tanh"] {
                var network = Network()
                let operands = (0..<(["Add", "Mul"].contains(op) ? 2 : 1)).map { index in
                    let integers = network.input("x\(index)", Self.bytes(type, shape, &random))
                    return network.add(
                        "DequantizeLinear",
                        [
                            integers,
                            network.constant(
                                Tensor(shape: [], floats: [0.0173 + 0.01 * Float(index)])
                            ),
                            network.constant(Self.number(3 - index, type)),
                        ]
                    )
                }
                let value = network.add(op, operands)
                network.graph.outputs = [
                    network.add(
                        "QuantizeLinear",
                        [
                            value, network.constant(Tensor(shape: [], floats: [0.021])),
                            network.constant(Self.number(11, type)),
                        ]
                    )
                ]
                try expectSame(network, "\(op) of \(type) \(shape)")
            }
        }
    }

    /// Squeeze and excitation, and Swish and its like.
    @Test(arguments: [ElementType.uint8, .int8])
    func `products with numbers of channels and with functions are the definition's, bit for bit`(
        _ type: ElementType
    ) throws {
        var random = SeededGenerator(seed: 8)
        for shape: Shape in [[2, 5, 6, 7], [1, 33, 20, 50], [3, 4, 9]] {
            for way in 0..<3 {
                var network = Network()
                func dequantized(_ integers: String, _ scale: Float) -> String {
                    network.add(
                        "DequantizeLinear",
                        [
                            integers, network.constant(Tensor(shape: [], floats: [scale])),
                            network.constant(Self.number(3, type)),
                        ]
                    )
                }
                func quantized(_ value: String, _ scale: Float) -> String {
                    network.add(
                        "QuantizeLinear",
                        [
                            value, network.constant(Tensor(shape: [], floats: [scale])),
                            network.constant(Self.number(3, type)),
                        ]
                    )
                }
                let x = dequantized(
                    network.input("x", Self.bytes(type, shape, &random)),
                    0.02
                )
                var other: String
                if way < 2 {
                    var narrow = shape.dimensions
                    for axis in 2..<narrow.count { narrow[axis] = 1 }
                    let integers = Self.bytes(type, Shape(narrow), &random)
                    other = dequantized(network.input("s", integers), 0.007)
                } else {
                    other = dequantized(quantized(network.add("Sigmoid", [x]), 0.004), 0.004)
                }
                let product = network.add("Mul", way == 1 ? [other, x] : [x, other])
                network.graph.outputs = [quantized(product, 0.013)]
                try expectSame(network, "way \(way) of \(type) \(shape)")
            }
        }
    }

    @Test(arguments: [ElementType.uint8, .int8])
    func `images are joined along their channels in steps of another size`(
        _ type: ElementType
    ) throws {
        var random = SeededGenerator(seed: 7)
        for sizes in [[3, 4], [3], [3, 70, 70]] {
            for channels in [[1, 2], [16, 5, 1]] {
                var network = Network()
                let operands = channels.enumerated().map { index, count in
                    let integers = network.input(
                        "x\(index)",
                        Self.bytes(type, Shape([2, count] + sizes.prefix(2)), &random)
                    )
                    return network.add(
                        "DequantizeLinear",
                        [
                            integers,
                            network.constant(
                                Tensor(shape: [], floats: [0.021 + 0.01 * Float(index)])
                            ),
                            network.constant(Self.number(11 - index, type)),
                        ]
                    )
                }
                let value = network.add("Concat", operands, ["axis": .int(1)])
                network.graph.outputs = [
                    network.add(
                        "QuantizeLinear",
                        [
                            value, network.constant(Tensor(shape: [], floats: [0.021])),
                            network.constant(Self.number(11, type)),
                        ]
                    )
                ]
                try expectSame(network, "\(sizes), \(channels), \(type)")
            }
        }
    }

    @Test func `scales and zero points at their extremes are errors or answers`() throws {
        var random = SeededGenerator(seed: 8)
        for scale: Float in [0, -0.1, .leastNonzeroMagnitude, .infinity, .nan, 1e38] {
            var network = Network()
            let x = network.input("x", Tensor(shape: [1, 3, 5, 5], floats: random.floats(75)))
            let real = Self.requantised(x, 0.01, 255, .uint8, &network)
            let kernel = network.add(
                "DequantizeLinear",
                [
                    network.constant(Self.bytes(.int8, [4, 3, 3, 3], &random)),
                    network.constant(Tensor(shape: [], floats: [scale])),
                ]
            )
            let bias = network.constant(Tensor(shape: [4], floats: [1, -1, 3e38, -3e38]))
            let value = network.add("Conv", [real, kernel, bias])
            network.graph.outputs = [Self.requantised(value, scale, 0, .uint8, &network)]
            let program = try Program(
                network.graph,
                tools: ProgramTools(
                    kernels: KernelSet.select(nil),
                    workers: Workers(count: 1),
                    memoryLimit: 1 << 26
                )
            )
            let results = try? program.run(
                network.given,
                outputs: network.graph.outputs,
                isCancelled: { false }
            )
            #expect(results.map { $0[0].shape == [1, 4, 3, 3] } ?? true)
        }
    }

    @Test(arguments: 0..<8)
    func `a network between QuantizeLinear and DequantizeLinear is within one quantum`(
        _ seed: Int
    ) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let type: ElementType = seed % 2 == 0 ? .uint8 : .int8
        let zero = type == .uint8 ? 121 : -4
        let channels = random.int(3...20)
        var network = Network()
        let image: Shape = [1, 3, random.int(6...14), random.int(6...14)]
        let x = network.input("x", Tensor(shape: image, floats: random.floats(image.count)))
        var value = Self.requantised(x, 0.0079, zero, type, &network)
        let kernel = Self.weights([channels, 3, 3, 3], axis: 0, &network, &random)
        let bias = network.constant(
            Tensor(shape: [channels], floats: random.floats(channels))
        )
        value = network.add("Conv", [value, kernel, bias], ["pads": .ints([1, 1, 1, 1])])
        value = network.add("Relu", [value])
        value = Self.requantised(value, 0.03, type == .uint8 ? 0 : -128, type, &network)
        let first = network.add(
            "MaxPool",
            [value],
            ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
        )
        let kept = Self.requantised(first, 0.03, type == .uint8 ? 0 : -128, type, &network)
        let own = Self.weights([channels, 1, 3, 3], axis: 0, &network, &random)
        var other = network.add(
            "Conv",
            [kept, own],
            ["pads": .ints([1, 1, 1, 1]), "group": .int(channels)]
        )
        other = Self.requantised(other, 0.05, zero, type, &network)
        value = network.add("Add", [kept, other])
        value = Self.requantised(value, 0.06, zero, type, &network)
        value = network.add("Sigmoid", [value])
        value = Self.requantised(value, 1 / 256, type == .uint8 ? 0 : -128, type, &network)
        value = network.add("GlobalAveragePool", [value])
        value = Self.requantised(value, 1 / 256, type == .uint8 ? 0 : -128, type, &network)
        value = network.add("Flatten", [value])
        value = Self.requantised(value, 1 / 256, type == .uint8 ? 0 : -128, type, &network)
        let last = Self.weights([10, channels], axis: 0, &network, &random)
        value = network.add("Gemm", [value, last], ["transB": .int(1)])
        network.graph.outputs = [Self.requantised(value, 0.02, zero, type, &network), value]
        let values = try network.defined()
        let expected = try network.graph.outputs.map { try #require(values[$0]?.floats) }
        var results: [[Tensor]] = []
        for kernels in KernelSet.supported {
            results.append(try network.planned(kernels, threads: 2))
        }
        // The same bits for all kernels.
        #expect(results.allSatisfy { $0 == results[0] }, "seed \(seed)")
        for (result, reference) in zip(results[0], expected) {
            let floats = try #require(result.floats)
            for (one, other) in zip(floats, reference) {
                // A sum that is rounded differently moves a quantum of what comes after it.
                #expect(abs(one - other) <= 0.0201, "\(one) \(other), seed \(seed)")
            }
        }
    }
}
