import Graph

/// A branch of an If whose condition is known, as nodes of the graph around it.
///
/// Its values get names of their own, so that two branches may have the same.
struct InlinedBranch {
    private(set) var nodes: [Node] = []
    private(set) var constants: [String: Tensor] = [:]

    /// Nil where it has not as many outputs as the node.
    init?(_ branch: Graph, of node: Node) {
        guard branch.inputs.isEmpty, branch.outputs.count == node.outputs.count,
            let first = node.outputs.first(where: { !$0.isEmpty })
        else { return nil }
        var names: [String: String] = [:]
        for name in branch.constants.keys { names[name] = "\(first)/\(name)" }
        let made = branch.nodes.flatMap(\.outputs).filter { !$0.isEmpty }
        for name in made { names[name] = "\(first)/\(name)" }
        let own = Set(made)
        var copied: [(from: String, to: String)] = []
        for (name, output) in zip(branch.outputs, node.outputs) where !output.isEmpty {
            if own.contains(name), names[name] == "\(first)/\(name)" {
                names[name] = output
            } else {
                copied.append((name, output))
            }
        }
        for (name, constant) in branch.constants { constants[names[name] ?? name] = constant }
        nodes = branch.nodes.map { $0.renamed(names) }
        nodes += copied.map { from, to in
            Node(name: to, op: "Identity", inputs: [names[from] ?? from], outputs: [to])
        }
    }
}

extension Node {
    /// With other names for values, in graphs inside of it too where those take them from outside.
    func renamed(_ names: [String: String]) -> Node {
        var result = self
        result.inputs = inputs.map { names[$0] ?? $0 }
        result.outputs = outputs.map { names[$0] ?? $0 }
        for (name, attribute) in attributes {
            guard case .graph(let inner) = attribute else { continue }
            result.attributes[name] = .graph(inner.renamed(names))
        }
        return result
    }
}

extension Graph {
    /// With other names for what it takes from outside.
    func renamed(_ names: [String: String]) -> Graph {
        let own = inputs.map(\.name) + nodes.flatMap(\.outputs) + Array(constants.keys)
        let outer = names.filter { !own.contains($0.key) }
        guard !outer.isEmpty else { return self }
        var result = self
        result.nodes = nodes.map { $0.renamed(outer) }
        result.outputs = outputs.map { outer[$0] ?? $0 }
        return result
    }

    /// The branch that an If takes if its condition is this constant.
    static func branch(of node: Node, condition: Tensor?) -> InlinedBranch? {
        guard node.op == "If", let flags = condition?.elements.booleans, flags.count == 1,
            case .graph(let branch) = node.attributes[flags[0] ? "then_branch" : "else_branch"]
        else { return nil }
        return InlinedBranch(branch, of: node)
    }
}
