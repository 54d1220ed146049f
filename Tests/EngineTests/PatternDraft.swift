import Compute
import TestSupport

@testable import Engine
@testable import Graph

/// A graph that is written down node by node, with random constants and inputs.
struct PatternDraft {
    private(set) var graph = Graph()
    private(set) var inputs: [String: Tensor] = [:]
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func input(_ shape: Shape, scale: Float = 2) -> String {
        let name = "x\(inputs.count)"
        inputs[name] = Tensor(
            shape: shape,
            floats: random.floats(shape.count).map { $0 * scale }
        )
        graph.inputs.append(
            Graph.Input(name: name, type: .float32, dimensions: shape.dimensions.map { $0 })
        )
        return name
    }

    mutating func constant(_ tensor: Tensor) -> String {
        let name = "c\(graph.constants.count)"
        graph.constants[name] = tensor
        return name
    }

    mutating func number(_ value: Double, rank: Int = 0) -> String {
        constant(Tensor(shape: Shape(Array(repeating: 1, count: rank)), floats: [Float(value)]))
    }

    mutating func integers(_ values: [Int]) -> String {
        constant(Tensor(shape: [values.count], integers: values))
    }

    mutating func weights(_ shape: Shape, around middle: Float = 0) -> String {
        constant(
            Tensor(shape: shape, floats: random.floats(shape.count).map { middle + $0 * 0.3 })
        )
    }

    mutating func add(
        _ op: String,
        _ inputs: [String],
        _ attributes: [String: Attribute] = [:]
    ) -> String {
        let name = "v\(graph.nodes.count)"
        graph.nodes.append(
            Node(name: name, op: op, attributes: attributes, inputs: inputs, outputs: [name])
        )
        return name
    }

    mutating func finish(_ outputs: String...) { graph.outputs = outputs }

    /// All values, each computed by its operator's definition.
    func defined() throws(ModelError) -> [String: Tensor] {
        var values = inputs.merging(graph.constants) { $1 }
        for node in graph.nodes {
            let operands = Operands(
                node: node,
                tensors: node.inputs.map { values[$0] },
                context: .folding(memoryLimit: 1 << 28)
            )
            let results = try Operators.make(node).outputs(operands)
            for (name, tensor) in zip(node.outputs, results) { values[name] = tensor }
        }
        return values
    }

    /// What computes the graph as a file's, by the processor's last kernels on two threads.
    func imported() throws(ModelError) -> Program {
        let tools = ProgramTools(
            kernels: KernelSet.supported[KernelSet.supported.count - 1],
            workers: Workers(count: 2, minimumWork: 0),
            memoryLimit: 1 << 28
        )
        return try Program(importing: graph, tools: tools)
    }

    /// The operators that are left where shapes are known.
    func rewritten(_ values: [String: Tensor]) throws(ModelError) -> [String] {
        try rewrittenNodes(values).map(\.op)
    }

    func rewrittenNodes(_ values: [String: Tensor]) throws(ModelError) -> [Node] {
        let known = KnownValues(shape: { values[$0]?.shape }, type: { values[$0]?.type })
        let wanted = Set(graph.outputs)
        return try Rewrites.apply(to: graph, wanted: wanted, known: known).nodes
    }
}
