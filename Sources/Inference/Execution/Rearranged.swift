import Compute

extension PlannedForm {
    /// Operators that only move elements, whatever their attributes.
    static let moving: Set = [
        "Slice", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Concat", "Split",
        "Resize", "Upsample",
    ]

    /// Elements of the largest result whose places are listed.
    private static let most = 1 << 24

    /// What the operator's definition makes of the places of its input's elements, as a constant.
    static func rearranged(
        _ node: Node,
        shape: (String) -> Shape?,
        constants: [String: Tensor]
    ) -> PlannedForm? {
        let isResize = ["Resize", "Upsample"].contains(node.op)
        guard !isResize || node.attributes["mode"] ?? .string("nearest") == .string("nearest")
        else {
            return resampled(node, shape: shape, constants: constants)
        }
        let sources = node.op == "Concat" ? node.inputs.count : 1
        var (tensors, start): ([Tensor?], Int) = ([], 0)
        for name in node.inputs.prefix(sources) {
            guard let shape = shape(name), shape.count > 0, start + shape.count <= most else {
                return nil
            }
            tensors.append(
                Tensor(shape: shape, integers: Array(start..<start + shape.count))
            )
            start += shape.count
        }
        for name in node.inputs.dropFirst(sources) {
            guard name.isEmpty || constants[name] != nil else { return nil }
            tensors.append(constants[name])
        }
        var (given, fill) = (node, Attribute.float(0))
        if node.op == "Pad", node.opset < 11 {
            fill = node.attributes["value"] ?? fill
            given.attributes["value"] = .float(-1)
        } else if node.op == "Pad" {
            if tensors.count > 2, let value = tensors[2]?.floats?.first { fill = .float(value) }
            while tensors.count < 3 { tensors.append(nil) }
            tensors[2] = Tensor(shape: [], integers: [-1])
        }
        let operands = Operands(
            node: given,
            tensors: tensors,
            context: .folding(memoryLimit: 16 * most)
        )
        guard let results = try? Evaluators.make(given).evaluate(operands),
            results.count >= node.outputs.count, results.allSatisfy({ $0.count > 0 })
        else { return nil }
        var move = Node(name: node.name, op: Rearrange.name)
        move.inputs = Array(node.inputs.prefix(sources))
        move.outputs = node.outputs
        move.attributes = ["sources": .int(sources), "fill": fill]
        var form = PlannedForm(node: move)
        for (name, result) in zip(node.outputs, results) {
            form.added["\(name)/places"] = result
            form.node.inputs.append("\(name)/places")
        }
        return form
    }
}
