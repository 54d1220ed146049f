import Graph

extension SegmentBuilder {
    /// Takes views of a value of a known shape that have no elements, as what a roll by nothing cuts off: constants.
    mutating func takeEmpty(_ node: Node) -> Bool {
        let others = node.inputs.dropFirst()
        guard let source = node.inputs.first, let shape = shape(source), let type = type(source),
            others.allSatisfy({ $0.isEmpty || constants[$0] != nil }),
            let viewing = try? Operators.make(node) as? any Viewing
        else { return false }
        let operands = Operands(
            node: node,
            tensors: [Tensor(sized: shape)] + others.map { constants[$0] },
            context: .folding(memoryLimit: 1 << 24)
        )
        guard let views = try? viewing.views(operands), views.count >= node.outputs.count,
            views.allSatisfy({ Shape($0.shape).isUsual && Shape($0.shape).count == 0 })
        else { return false }
        for (name, view) in zip(node.outputs, views) where !name.isEmpty {
            let nothing = Tensor(shape: Shape(view.shape), elements: .zeros(0, type))
            constants[name] = nothing
            folded[name] = nothing
        }
        return true
    }

    /// Parts of which some have no elements without those.
    func withoutEmptyParts(_ node: Node) -> Node {
        guard node.op == "Concat" else { return node }
        let filled = node.inputs.filter { constants[$0]?.count != 0 }
        guard let first = filled.first, filled.count < node.inputs.count,
            let whole = shape(first), case .int(let axis)? = node.attributes["axis"]
        else { return node }
        let place = axis < 0 ? axis + whole.rank : axis
        var others = whole.dimensions
        guard others.indices.contains(place) else { return node }
        others[place] = 0
        // What differs otherwise is refused by the definition.
        let isNothing = node.inputs.allSatisfy { name in
            filled.contains(name) || constants[name]?.shape.dimensions == others
        }
        guard isNothing else { return node }
        var shorter = node
        shorter.inputs = filled
        return shorter
    }
}
