public import TensorFormats

extension Diagram {
    /// The diagram without its drawing: what is connected with what.
    ///
    /// `part` tells the circuit from the graph that is unfolded beside it.
    public var members: [(String, JSON)] {
        [
            ("kind", .string(kind.rawValue)),
            (
                "nodes",
                .array(
                    nodes.map { node in
                        let members: [(String, JSON)] = [
                            ("id", .string(node.id)), ("role", .string(node.role.rawValue)),
                            ("label", .string(node.label.plain)), ("part", part(node.isCircuit)),
                        ]
                        let repeats = [("repeats", JSON.integer(node.repeats))]
                        return .object(node.repeats > 1 ? members + repeats : members)
                    }
                )
            ),
            (
                "edges",
                .array(
                    edges.map { edge in
                        [
                            "from": .string(edge.from), "to": .string(edge.to),
                            "label": .optional(edge.label?.plain), "part": part(edge.isCircuit),
                        ]
                    }
                )
            ),
        ]
    }

    private func part(_ isCircuit: Bool) -> JSON {
        isCircuit ? "circuit" : .string(kind.rawValue)
    }
}
