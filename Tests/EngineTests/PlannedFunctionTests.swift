import Compute
import NetworkSupport
import TestSupport
import Testing

@testable import Engine
@testable import Graph

/// Functions and arithmetic of plans beside the same computed one by one in 64 bits.
@Suite struct PlannedFunctionTests {
    struct Case: CustomTestStringConvertible {
        let op: String
        let shapes: [Shape]
        var attributes: [String: Attribute] = [:]
        /// Whether all inputs are above 0.
        var isPositive = false

        var testDescription: String { "\(op) of \(shapes), \(attributes)" }
    }

    private static let functions: [Case] =
        [
            "Exp", "Erf", "Sin", "Cos", "Tan", "Softplus", "Softsign", "Mish", "HardSwish", "Abs",
            "Neg", "Floor", "Ceil", "Round", "Sign", "Elu", "Selu", "Celu", "LeakyRelu", "Gelu",
            "HardSigmoid", "ThresholdedRelu", "Shrink", "Swish", "Tanh", "Sigmoid",
        ].map { Case(op: $0, shapes: [[3, 7, 5]]) }
        + ["Log", "Sqrt", "Reciprocal"].map { Case(op: $0, shapes: [[2, 41]], isPositive: true) }
        + [
            Case(op: "Gelu", shapes: [[100]], attributes: ["approximate": .string("tanh")]),
            Case(op: "Elu", shapes: [[2, 3, 4, 5]], attributes: ["alpha": .float(0.5)]),
            Case(op: "Celu", shapes: [[64]], attributes: ["alpha": .float(2)]),
            Case(op: "Exp", shapes: [[3, 100_000]]),
        ]

    private static let shapes: [[Shape]] = [
        [[2, 3, 17], [2, 3, 17]], [[2, 3, 17], []], [[], [2, 3]], [[4, 1, 5], [3, 1]],
        [[1, 70_000], [2, 1]], [[5], [4, 3, 5]], [[3, 1], [1, 4]],
    ]

    private static let arithmetic: [Case] = shapes.flatMap { shapes in
        ["Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu"].map { Case(op: $0, shapes: shapes) }
            + [
                Case(op: "Pow", shapes: shapes, isPositive: true),
                Case(op: "Mod", shapes: shapes, attributes: ["fmod": .int(1)], isPositive: true),
            ]
    }

    private static let several: [Case] = [
        Case(op: "Max", shapes: [[2, 5], [5], [2, 1]]),
        Case(op: "Min", shapes: [[3], [3], [3], [3]]),
        Case(op: "Sum", shapes: [[2, 1, 4], [3, 1], [4]]),
        Case(op: "Mean", shapes: [[2, 20], [20], []]),
        Case(op: "Clip", shapes: [[3, 40], [], []]),
    ]

    @Test(
        "a plan computes functions and arithmetic as their definitions do",
        arguments: functions + arithmetic + several
    )
    func planned(testCase: Case) throws {
        var random = SeededGenerator(seed: UInt64(testCase.testDescription.utf8.count))
        var node = Node(name: "node", op: testCase.op)
        node.attributes = testCase.attributes
        node.inputs = testCase.shapes.indices.map { "x\($0)" }
        node.outputs = ["y"]
        let tensors = testCase.shapes.map { shape in
            Tensor(
                shape: shape,
                floats: random.floats(shape.count, in: testCase.isPositive ? 0.1...4 : -4...4)
            )
        }
        try expectPlanned(node, tensors, testCase.testDescription)
    }
}

/// Products of computed matrices beside the same in 64 bits.
@Suite struct PlannedProductTests {
    struct Case: CustomTestStringConvertible {
        var op = "MatMul"
        let shapes: [Shape]
        var attributes: [String: Attribute] = [:]

        var testDescription: String { "\(op) of \(shapes), \(attributes)" }
    }

    private static let products: [Case] = [
        Case(shapes: [[5, 7], [7, 40]]), Case(shapes: [[7], [7, 40]]),
        Case(shapes: [[5, 7], [7]]),
        Case(shapes: [[9], [9]]), Case(shapes: [[2, 1, 5, 7], [3, 7, 4]]),
        Case(shapes: [[3, 64, 32], [3, 32, 64]]), Case(shapes: [[4, 33], [6, 33, 20]]),
        Case(shapes: [[2, 300, 20], [20, 1]]), Case(shapes: [[7, 1, 3], [7, 3, 1]]),
        Case(shapes: [[130, 70], [70, 150]]), Case(shapes: [[7], [3, 7, 2]]),
    ]

    private static let scaled: [Case] = [
        Case(op: "Gemm", shapes: [[5, 7], [7, 40], [5, 40]]),
        Case(op: "Gemm", shapes: [[7, 5], [40, 7], [40]], attributes: both(0.5, -2)),
        Case(op: "Gemm", shapes: [[7, 5], [7, 20], [5, 1]], attributes: ["transA": .int(1)]),
        Case(op: "Gemm", shapes: [[50, 7], [1, 7], [50, 1]], attributes: ["transB": .int(1)]),
        Case(op: "Gemm", shapes: [[50, 7], [7, 1], [1]], attributes: ["beta": .float(3)]),
        Case(op: "Gemm", shapes: [[3, 4], [4, 5]], attributes: ["alpha": .float(2)]),
    ]

    private static func both(_ alpha: Float, _ beta: Float) -> [String: Attribute] {
        [
            "transA": .int(1), "transB": .int(1), "alpha": .float(alpha), "beta": .float(beta),
        ]
    }

    @Test("a plan multiplies whatever was computed", arguments: products + scaled)
    func planned(testCase: Case) throws {
        var random = SeededGenerator(seed: UInt64(testCase.testDescription.utf8.count))
        var node = Node(name: "node", op: testCase.op, attributes: testCase.attributes)
        node.inputs = testCase.shapes.indices.map { "x\($0)" }
        node.outputs = ["y"]
        let tensors = testCase.shapes.map { Tensor(shape: $0, floats: random.floats($0.count)) }
        try expectPlanned(node, tensors, testCase.testDescription)
    }

    @Test func `a product's bits depend neither on threads nor on the batch`() throws {
        var random = SeededGenerator(seed: 3)
        let (a, b) = (random.floats(3 * 150 * 80), random.floats(3 * 80 * 140))
        func product(_ count: Int, _ threads: Int) throws -> [Float] {
            var node = Node(name: "node", op: "MatMul")
            (node.inputs, node.outputs) = (["x0", "x1"], ["y"])
            return try run(
                node,
                [
                    Tensor(shape: [count, 150, 80], floats: Array(a.prefix(count * 150 * 80))),
                    Tensor(shape: [count, 80, 140], floats: Array(b.prefix(count * 80 * 140))),
                ],
                threads: threads
            ).values
        }
        let alone = try product(3, 1)
        expectSameBits(try product(3, 2), alone, "two threads")
        expectSameBits(try product(1, 2), Array(alone.prefix(150 * 140)), "a batch of one")
    }
}

/// Requires that a plan takes the node, with all its inputs computed, and computes what its definition does.
func expectPlanned(_ node: Node, _ tensors: [Tensor], _ comment: String) throws {
    let operands = Operands(
        node: node,
        tensors: tensors,
        context: .folding(memoryLimit: 1 << 26)
    )
    let reference = try Operators.make(node).evaluate(operands)[0]
    for threads in [1, 2] {
        let result = try run(node, tensors, threads: threads)
        #expect(result.shape == reference.shape)
        expectClose(
            result.values,
            try #require(reference.floats).map { Double($0) },
            .close,
            scale: 1,
            comment
        )
    }
}

private func run(
    _ node: Node,
    _ tensors: [Tensor],
    threads: Int
) throws -> GraphRunner.Result {
    var graph = Graph()
    graph.inputs = zip(node.inputs, tensors).map { name, tensor in
        Graph.Input(name: name, type: .float32, dimensions: tensor.shape.dimensions.map { $0 })
    }
    (graph.nodes, graph.outputs) = ([node], ["y"])
    let tools = ProgramTools(
        kernels: KernelSet.supported[KernelSet.supported.count - 1],
        workers: Workers(count: threads),
        memoryLimit: 1 << 28
    )
    let inputs = Dictionary(uniqueKeysWithValues: zip(node.inputs, tensors))
    let program = try Program(graph, tools: tools)
    #expect(program.wholePlan(like: inputs, outputs: ["y"]) != nil, "it is not planned")
    let result = try program.run(inputs, outputs: ["y"], isCancelled: { false })[0]
    return GraphRunner.Result(shape: result.shape, values: try #require(result.floats))
}
