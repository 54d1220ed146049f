import Compute
import Foundation
import TestSupport
import Testing

@testable import Engine
@testable import Graph
@testable import Models
@testable import Onnx

/// If nodes whose condition follows from constants or shapes are part of the plan around them.
@Suite struct BranchTests {
    private static let tools = ProgramTools(
        kernels: KernelSet.supported[KernelSet.supported.count - 1],
        workers: Workers(count: 1),
        memoryLimit: 1 << 28
    )

    /// y = x · 2 if the condition holds, else x + 2; both branches call their constant and their value the same.
    private static func graph(condition: [Node], constants: [String: Tensor] = [:]) -> Graph {
        func branch(_ op: String) -> Attribute {
            var graph = Graph()
            graph.constants = ["k": Tensor(shape: [], floats: [2])]
            graph.nodes = [
                Node(name: op, op: op, inputs: ["s", "k"], outputs: ["r"]),
                Node(name: "t", op: "Tanh", inputs: ["r"], outputs: ["z"]),
            ]
            graph.outputs = ["z", "s"]
            return .graph(graph)
        }
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [nil])]
        graph.constants = constants
        graph.nodes =
            [Node(name: "s", op: "Sigmoid", inputs: ["x"], outputs: ["s"])] + condition + [
                Node(
                    name: "if",
                    op: "If",
                    attributes: ["then_branch": branch("Mul"), "else_branch": branch("Add")],
                    inputs: ["c"],
                    outputs: ["y", "same"]
                ),
                Node(name: "e", op: "Neg", inputs: ["y"], outputs: ["n"]),
            ]
        graph.outputs = ["n", "same"]
        return graph
    }

    private static let fromShape = [
        Node(name: "size", op: "Size", inputs: ["x"], outputs: ["size"]),
        Node(name: "c", op: "Greater", inputs: ["size", "limit"], outputs: ["c"]),
    ]

    private func check(_ graph: Graph, _ count: Int, isDoubled: Bool) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let input = ["x": Tensor(shape: [count], floats: random.floats(count))]
        let program = try Program(graph, tools: Self.tools)
        #expect(program.wholePlan(like: input, outputs: ["n", "same"]) != nil)
        let results = try program.run(input, outputs: ["n", "same"], isCancelled: { false })
        let sigmoids = try #require(results[1].floats)
        let expected = sigmoids.map { s -> Double in
            let value = isDoubled ? Double(s) * 2 : Double(s) + 2
            return -tanh(value)
        }
        expectClose(try #require(results[0].floats), expected, .close, scale: 1, "\(count)")
    }

    @Test(arguments: [true, false])
    func `a constant condition leaves one branch`(isDoubled: Bool) throws {
        let condition = Tensor(shape: [], elements: .booleans([isDoubled]))
        let graph = Self.graph(condition: [], constants: ["c": condition])
        #expect(try !Program(graph, tools: Self.tools).graph.nodes.contains { $0.op == "If" })
        try check(graph, 5, isDoubled: isDoubled)
    }

    @Test func `a condition on a shape is another for another shape`() throws {
        let limit = Tensor(shape: [], integers: [3])
        let graph = Self.graph(condition: Self.fromShape, constants: ["limit": limit])
        try check(graph, 3, isDoubled: false)
        try check(graph, 4, isDoubled: true)
    }

    @Test func `a graph inside of a node takes constants of the one around it`() throws {
        var body = Graph()
        body.nodes = [Node(name: "c", op: "Conv", inputs: ["x", "w"], outputs: ["v"])]
        body.outputs = ["v"]
        var graph = Graph()
        graph.inputs = [
            Graph.Input(name: "x", type: .float32, dimensions: [1, 1, 8]),
            Graph.Input(name: "c", type: .bool, dimensions: []),
        ]
        graph.constants = ["w": Tensor(shape: [4, 1, 3], floats: Array(repeating: 0.5, count: 12))]
        graph.nodes = [
            Node(
                name: "if",
                op: "If",
                attributes: ["then_branch": .graph(body), "else_branch": .graph(body)],
                inputs: ["c"],
                outputs: ["y"]
            )
        ]
        graph.outputs = ["y"]
        let program = try Program(graph, tools: Self.tools)
        #expect(program.graph.namesRead.isSuperset(of: ["w", "x"]))
        let inputs = [
            "x": Tensor(shape: [1, 1, 8], floats: (0..<8).map { Float($0) }),
            "c": Tensor(shape: [], elements: .booleans([true])),
        ]
        let result = try program.run(inputs, outputs: ["y"], isCancelled: { false })[0]
        let sums = (0..<6).map { 1.5 * Float($0) + 1.5 }
        #expect(result.floats == Array(repeating: sums, count: 4).flatMap { $0 })
    }
}
