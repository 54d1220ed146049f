import Compute
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Matrices of small integers that stay so in memory, beside DequantizeLinear's definition.
@Suite struct SmallWeightTests {
    /// How integers lie, and which of them share a scale.
    struct Sharing: CustomTestStringConvertible, Sendable {
        var bits = 4
        var isSigned = false
        var blockSize = 32
        var isPerTensor = false
        /// [units][inputs].
        var isUnitMajor = false
        var hasZeros = true

        var testDescription: String {
            "\(isSigned ? "int" : "uint")\(bits), blocks of \(blockSize), for all \(isPerTensor), "
                + "units first \(isUnitMajor), zeros \(hasZeros)"
        }
    }

    private static let sharings: [Sharing] = [
        Sharing(), Sharing(isSigned: true, blockSize: 16, isUnitMajor: true, hasZeros: false),
        Sharing(bits: 2, blockSize: 64), Sharing(bits: 8, isSigned: true, blockSize: 0),
        Sharing(bits: 8, blockSize: 48, isUnitMajor: true),
        Sharing(bits: 8, blockSize: 0, isPerTensor: true),
        Sharing(bits: 4, isSigned: true, blockSize: 0, isUnitMajor: true),
        Sharing(bits: 4, blockSize: 1024),
    ]

    private func integers(
        _ sharing: Sharing,
        _ shape: Shape,
        _ random: inout SeededGenerator
    ) throws -> Tensor {
        if sharing.bits == 8 {
            let values = (0..<shape.count).map { _ in UInt8(random.int(0...255)) }
            return Tensor(
                shape: shape,
                elements: sharing.isSigned
                    ? .int8(values.map { Int8(bitPattern: $0) }) : .uint8(values)
            )
        }
        let form = SmallIntegers.Form(bits: sharing.bits, isSigned: sharing.isSigned)
        let bytes = (0..<form.byteCount(of: shape.count)).map { _ in UInt8(random.int(0...255)) }
        return Tensor(
            shape: shape,
            small: try #require(SmallIntegers(form, count: shape.count, bytes: bytes))
        )
    }

    /// DequantizeLinear of constants, and the product of x [M, inputs] with it.
    private func network(
        _ sharing: Sharing,
        inputs: Int,
        units: Int,
        _ random: inout SeededGenerator
    ) throws -> (graph: Graph, weights: Tensor) {
        let shape: Shape = sharing.isUnitMajor ? [units, inputs] : [inputs, units]
        let axis = (sharing.blockSize > 0) == sharing.isUnitMajor ? 1 : 0
        var scales = shape.dimensions
        if sharing.blockSize > 0 {
            scales[axis] = (inputs + sharing.blockSize - 1) / sharing.blockSize
        } else {
            scales = sharing.isPerTensor ? [] : [units]
        }
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [nil, inputs])]
        graph.constants["q"] = try integers(sharing, shape, &random)
        graph.constants["s"] = Tensor(
            shape: Shape(scales),
            floats: (0..<Shape(scales).count).map { _ in random.floats(1, in: 0.001...0.05)[0] }
        )
        graph.constants["z"] = try integers(sharing, Shape(scales), &random)
        graph.constants["b"] = Tensor(shape: [units], floats: random.floats(units))
        var dequantized = Node(name: "dq", op: "DequantizeLinear", opset: 21)
        dequantized.inputs = sharing.hasZeros ? ["q", "s", "z"] : ["q", "s"]
        dequantized.outputs = ["w"]
        dequantized.attributes = [
            "axis": .int(axis), "block_size": .int(sharing.blockSize),
        ]
        var product = Node(name: "product", op: "Gemm", opset: 21)
        product.inputs = ["x", "w", "b"]
        product.outputs = ["sums"]
        product.attributes = ["transB": .int(sharing.isUnitMajor ? 1 : 0)]
        var last = Node(name: "tanh", op: "Tanh", opset: 21)
        (last.inputs, last.outputs) = (["sums"], ["y"])
        (graph.nodes, graph.outputs) = ([dequantized, product, last], ["sums", "y"])
        let operands = Operands(
            node: dequantized,
            tensors: dequantized.inputs.map { graph.constants[$0] },
            context: .folding(memoryLimit: 1 << 28)
        )
        let weights = try Operators.make(dequantized).evaluate(operands)[0]
        let small = QuantizedNumbers(dequantized) { graph.constants[dequantized.inputs[$0]] }
        let numbers = try #require(small)
        #expect(SmallWeights.take(numbers, isUnitMajor: sharing.isUnitMajor))
        #expect(numbers.tensor.elements == weights.elements)
        return (graph, weights)
    }

    @Test(arguments: sharings)
    func `products are those of the dequantised numbers`(_ sharing: Sharing) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let inputs = random.int(290...560)
        let units = (1 << 18) / inputs + random.int(1...40)
        let (graph, weights) = try network(sharing, inputs: inputs, units: units, &random)
        let numbers = try #require(weights.floats)
        let bias = try #require(graph.constants["b"]?.floats)
        let rows = 67
        let x = random.floats(rows * inputs)
        var first: [Tensor]?
        for kernels in KernelSet.supported {
            for (count, threads) in [(1, 1), (rows, 2), (3, 1)] {
                let tools = ProgramTools(
                    kernels: kernels,
                    workers: Workers(count: threads),
                    memoryLimit: 1 << 28
                )
                let program = try Program(graph, tools: tools)
                let given = [
                    "x": Tensor(shape: [count, inputs], floats: Array(x[..<(count * inputs)]))
                ]
                #expect(program.wholePlan(like: given, outputs: graph.outputs) != nil)
                let results = try program.run(
                    given,
                    outputs: graph.outputs,
                    isCancelled: { false }
                )
                guard count > 1 else {
                    try expectSums(
                        try #require(results[0].floats),
                        Array(x[..<inputs]),
                        numbers,
                        bias,
                        sharing.isUnitMajor,
                        "\(kernels), seed \(seed)"
                    )
                    first = results
                    continue
                }
                // The same bits whatever other rows there are.
                for (result, alone) in zip(results, first ?? []) {
                    let own = try #require(result.floats?[..<units])
                    #expect(
                        own.map(\.bitPattern) == alone.floats?.map(\.bitPattern),
                        "\(kernels), \(count) rows, seed \(seed)"
                    )
                }
            }
        }
    }

    private func expectSums(
        _ sums: [Float],
        _ x: [Float],
        _ weights: [Float],
        _ bias: [Float],
        _ isUnitMajor: Bool,
        _ comment: String
    ) throws {
        let units = bias.count
        for unit in 0..<units {
            var (sum, size) = (Double(bias[unit]), abs(Double(bias[unit])))
            for input in x.indices {
                let place = isUnitMajor ? unit * x.count + input : input * units + unit
                let product = Double(x[input]) * Double(weights[place])
                sum += product
                size += abs(product)
            }
            // Each of up to 560 additions may lose half a unit of the largest sum so far.
            guard abs(Double(sums[unit]) - sum) <= 4e-6 * size else {
                Issue.record("unit \(unit): \(sums[unit]), not \(sum); \(comment)")
                return
            }
        }
    }

    @Test func `nothing is quantised to fewer than 8 bits`() throws {
        var node = Node(name: "q", op: "QuantizeLinear", opset: 21)
        (node.inputs, node.outputs) = (["x", "s", "z"], ["y"])
        let zero = try #require(
            SmallIntegers(.init(bits: 4, isSigned: true), count: 1, bytes: [3])
        )
        let operands = Operands(
            node: node,
            tensors: [
                Tensor(shape: [2], floats: [1, 200]), Tensor(shape: [], floats: [1]),
                Tensor(shape: [], small: zero),
            ],
            context: .folding(memoryLimit: 1 << 20)
        )
        let quantised = try Operators.make(node)
        #expect(throws: ModelError.self) { try quantised.evaluate(operands) }
    }

    @Test func `MatMulNBits takes rows that are filled up, and zero points of two kinds`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let (inputs, units, size) = (40, 5, 16)
        for bits in [2, 4, 8] {
            for zeros in 0...3 {
                let bytes = size * bits / 8
                let packed = (0..<units * 3 * bytes).map { _ in UInt8(random.int(0...255)) }
                let scales = random.floats(units * 3)
                let perRow = (3 * bits + 7) / 8
                let points = (0..<units * perRow).map { _ in UInt8(random.int(0...255)) }
                let reals = (0..<units * 3).map { _ in
                    Float(random.int(0...3)) + (zeros == 3 ? 0.5 : 0)
                }
                var node = Node(name: "p", op: "com.microsoft.MatMulNBits")
                node.inputs = ["x", "b", "s"] + (zeros > 0 ? ["z"] : [])
                node.outputs = ["y"]
                node.attributes = [
                    "K": .int(inputs), "N": .int(units), "bits": .int(bits),
                    "block_size": .int(size),
                ]
                var graph = Graph()
                graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [1, inputs])]
                (graph.nodes, graph.outputs) = ([node], ["y"])
                graph.constants = [
                    "b": Tensor(shape: [units, 3, bytes], elements: .uint8(packed)),
                    "s": Tensor(shape: [units * 3], floats: scales),
                    "z": zeros == 1
                        ? Tensor(shape: [units * perRow], elements: .uint8(points))
                        : Tensor(shape: [units * 3], floats: reals),
                ]
                let made = try Expansion.apply(to: graph)
                let weights = try #require(
                    made.nodes.first { $0.op == "MatMul" }.flatMap { made.constants[$0.inputs[1]] }
                )
                #expect(weights.shape == [inputs, units])
                #expect((weights.quantized == nil) == (zeros == 3))
                let values = try #require(weights.floats)
                for unit in 0..<units {
                    for input in 0..<inputs {
                        let (block, place) = (input / size, input % size)
                        let byte = packed[(unit * 3 + block) * bytes + place * bits / 8]
                        let mask = UInt8(truncatingIfNeeded: 1 << bits - 1)
                        let integer = Float(byte >> UInt8(place * bits % 8) & mask)
                        let zero: Float =
                            switch zeros {
                            case 0: Float(1 << (bits - 1))
                            case 1:
                                Float(
                                    points[unit * perRow + block * bits / 8]
                                        >> UInt8(block * bits % 8) & mask
                                )
                            default: reals[unit * 3 + block]
                            }
                        let expected = (integer - zero) * scales[unit * 3 + block]
                        #expect(
                            values[input * units + unit] == expected,
                            "\(bits) bits, zeros \(zeros), seed \(seed)"
                        )
                    }
                }
            }
        }
    }
}
