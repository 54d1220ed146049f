import Graph

/// An operator whose results are views of its first input, of which only the shape is asked for.
protocol Viewing: PlannedOperator {
    func views(_ operands: Operands) throws(ModelError) -> [StridedView]
}

extension Viewing {
    static var bytesPerInput: Int { 0 }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var results: [Tensor] = []
        for view in try views(operands) {
            _ = try operands.count(view.shape)
            // Beside a size of 0, sizes that the shape has no more may be large.
            _ = try operands.count(view.sizes)
            results.append(
                input.strided(view.sizes, strides: view.strides, offset: view.offset)
                    .reshaped(view.shape)
            )
        }
        return results
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try Moves(views(plan.shapeOperands(node))).lower(node, into: &plan)
    }
}

extension PlanBuilder {
    /// What follows from shapes and constants alone: of the first `sources` inputs only the shape may be asked.
    ///
    /// - Throws: `shape` where another operand is computed.
    func shapeOperands(_ node: Node, sources: Int = 1) throws(ModelError) -> Operands {
        var tensors: [Tensor?] = []
        for (index, name) in node.inputs.enumerated() {
            guard !name.isEmpty else {
                tensors.append(nil)
                continue
            }
            let constant = graph.constants[name]
            guard index < sources else {
                guard let constant else {
                    throw .shape(
                        node: node.name,
                        reason: "input \(index + 1) of \(node.op) is computed"
                    )
                }
                tensors.append(constant)
                continue
            }
            guard let shape = id(named: name).map({ self.shape(of: $0) }) ?? constant?.shape,
                shape.count > 0
            else { throw .shape(node: node.name, reason: "input \(index + 1) has no elements") }
            tensors.append(Tensor(sized: shape))
        }
        return Operands(
            node: node,
            tensors: tensors,
            context: .folding(memoryLimit: .max / 64)
        )
    }
}
