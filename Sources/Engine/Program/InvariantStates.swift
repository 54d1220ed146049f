import Graph

/// States that the body of a Loop or Scan passes on as they are: it takes them from outside instead.
///
/// Exporters carry a recurrent cell's weights through its loop so; taken from outside, they are constants.
enum InvariantStates {
    static func apply(to graph: Graph) -> Graph {
        var result = graph
        result.nodes = graph.nodes.flatMap { split($0) }
        return result
    }

    /// The node without such states, and what gives their last values other names.
    private static func split(_ node: Node) -> [Node] {
        guard case .graph(var body) = node.attributes["body"],
            let (first, states) = states(of: node, body)
        else { return [node] }
        let (defined, same) = (body.namesDefined, body.identities)
        var node = node
        var copies: [Node] = []
        var names: [String: String] = [:]
        for state in states.reversed() {
            let (inner, outer) = (body.inputs[first + state].name, node.inputs[first + state])
            let output = (node.op == "Loop" ? 1 : 0) + state
            guard same.source(of: body.outputs[output]) == inner, !outer.isEmpty,
                !defined.contains(outer)
            else { continue }
            names[inner] = outer
            body.inputs.remove(at: first + state)
            body.outputs.remove(at: output)
            if output < body.outputInfo.count { body.outputInfo.remove(at: output) }
            node.inputs.remove(at: first + state)
            guard state < node.outputs.count else { continue }
            let last = node.outputs.remove(at: state)
            guard !last.isEmpty else { continue }
            copies.append(Node(name: last, op: "Identity", inputs: [outer], outputs: [last]))
        }
        node.attributes["body"] = .graph(body.renamed(names))
        // A loop of nothing else has no name to be asked for by.
        return node.outputs.allSatisfy(\.isEmpty) && !copies.isEmpty ? copies : [node] + copies
    }

    /// Where the states begin among the inputs, and their numbers.
    private static func states(of node: Node, _ body: Graph) -> (first: Int, Range<Int>)? {
        guard body.inputs.count == node.inputs.count else { return nil }
        let (first, count): (Int, Int)
        switch (node.op, node.attributes["num_scan_inputs"]) {
        case ("Loop", _): (first, count) = (2, node.inputs.count - 2)
        case ("Scan", .int(let scanned)) where node.opset >= 9 && scanned >= 0:
            (first, count) = (0, node.inputs.count - scanned)
        default: return nil
        }
        guard count > 0, body.outputs.count >= count + (node.op == "Loop" ? 1 : 0) else {
            return nil
        }
        return (first, 0..<count)
    }
}

extension Graph {
    /// All names that it gives to values, and the graphs inside of it.
    fileprivate var namesDefined: Set<String> {
        var names = Set(inputs.map(\.name)).union(constants.keys)
        for node in nodes {
            names.formUnion(node.outputs)
            for case .graph(let inner) in node.attributes.values {
                names.formUnion(inner.namesDefined)
            }
        }
        return names
    }

    /// Values that are others under another name.
    var identities: Identities {
        var names: [String: String] = [:]
        for node in nodes where node.op == "Identity" && node.outputs.count == 1 {
            names[node.outputs[0]] = node.inputs.first
        }
        return Identities(names: names)
    }
}

/// What values are other names of.
struct Identities {
    fileprivate let names: [String: String]

    /// The value behind all its other names.
    func source(of name: String) -> String {
        var name = name
        // As many steps as there are names, should they go in a circle.
        for _ in names.indices {
            guard let next = names[name] else { break }
            name = next
        }
        return name
    }
}
