import Graph

/// What is known of a graph's values where it is rewritten for shapes that are there.
struct KnownValues {
    let shape: (String) -> Shape?
    let type: (String) -> ElementType?

    /// The shape of a value of float32.
    func floats(_ name: String) -> Shape? { type(name) == .float32 ? shape(name) : nil }

    /// The same, and what values that a rewrite made are.
    func with(_ made: [String: (shape: Shape, type: ElementType?)]) -> KnownValues {
        guard !made.isEmpty else { return self }
        let (shape, type) = (shape, type)
        return KnownValues(
            shape: { made[$0]?.shape ?? shape($0) },
            type: { made[$0]?.type ?? type($0) }
        )
    }
}

extension EditedGraph {
    /// A constant of one number of float32.
    func number(_ name: String) -> Float? {
        guard let constant = constants[name], constant.count == 1 else { return nil }
        return constant.floats?.first
    }

    /// A node's one number and its other operand, where it has two inputs.
    ///
    /// `isFirst` says that the number comes first.
    func numberAndOther(_ node: Node) -> (number: Float, other: String, isFirst: Bool)? {
        guard node.inputs.count == 2 else { return nil }
        if let number = number(node.inputs[1]) { return (number, node.inputs[0], false) }
        return number(node.inputs[0]).map { ($0, node.inputs[1], true) }
    }

    /// The node that makes a value for one reader alone.
    func soleMaker(_ value: String, _ wanted: Set<String>) -> Int? {
        guard !wanted.contains(value), readerCount(value) == 1 else { return nil }
        return maker(value)
    }

    /// Whether what the nodes make is read by them and by `end` alone.
    func areInner(_ indices: Set<Int>, before end: Int, _ wanted: Set<String>) -> Bool {
        let readers = (indices.union([end])).map { Set(self[$0].inputs) }
        return indices.allSatisfy { index in
            self[index].outputs.allSatisfy { output in
                output.isEmpty
                    || !wanted.contains(output)
                        && readerCount(output) == readers.count { $0.contains(output) }
            }
        }
    }
}
