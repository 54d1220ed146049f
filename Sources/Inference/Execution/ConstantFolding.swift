import Compute

/// Computes once what depends on constants only.
enum ConstantFolding {
    /// Elements of the largest result that is computed ahead where its inputs are smaller.
    private static let largestGrowth = 1 << 16

    /// Nodes that cannot be computed ahead stay, and so does their error.
    static func apply(to graph: Graph) -> Graph {
        var result = graph
        result.nodes = []
        for node in graph.nodes {
            guard let values = evaluate(node, result.constants) else {
                result.nodes.append(node)
                continue
            }
            for (name, value) in zip(node.outputs, values) where !name.isEmpty {
                result.constants[name] = value
            }
        }
        dropUnread(&result)
        return result
    }

    private static func evaluate(_ node: Node, _ constants: [String: Tensor]) -> [Tensor]? {
        let inputs = node.inputs.filter { !$0.isEmpty }
        let hasGraph = node.attributes.values.contains {
            if case .graph = $0 { true } else { false }
        }
        guard !hasGraph, inputs.allSatisfy({ constants[$0] != nil }) else { return nil }
        let size = inputs.reduce(0) { $0 + (constants[$1]?.count ?? 0) }
        // Numbers that cannot be read are left to the plan, which says so.
        let tensors = node.inputs.map { $0.isEmpty ? nil : try? constants[$0]?.loaded() }
        let operands = Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: 16 * (largestGrowth + 2 * size))
        )
        guard let values = try? Evaluators.make(node).evaluate(operands),
            values.count >= node.outputs.count
        else { return nil }
        return values
    }

    private static func dropUnread(_ graph: inout Graph) {
        var read = Set(graph.outputs)
        func collect(_ graph: Graph) {
            for node in graph.nodes {
                read.formUnion(node.inputs)
                for case .graph(let inner) in node.attributes.values {
                    read.formUnion(inner.outputs)
                    collect(inner)
                }
            }
        }
        collect(graph)
        graph.constants = graph.constants.filter { read.contains($0.key) }
    }
}
