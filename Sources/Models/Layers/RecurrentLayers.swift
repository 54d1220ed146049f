import Graph

// Recurrent layers of model.json as ONNX nodes.
extension LayerStack {
    /// Which of a layer's states its value is.
    private enum Returned: String {
        /// [T, B, D · H], the directions side by side.
        case all
        /// [B, D · H], each direction's state after the last element it read.
        case last
    }

    /// The cell under inner names, then its answer in the layer's shape; initial states of a layer that
    /// reads forward become graph inputs.
    mutating func appendRecurrent(_ node: Node) throws(ModelError) {
        var cell = node
        let returned = try Self.returned(cell.attributes.removeValue(forKey: "returns"), node.name)
        let direction = cell.attributes["direction"] ?? .string("forward")
        if cell.inputs.count == 3 { cell.inputs.append("") }
        cell.outputs = ["\(node.name).Y", "\(node.name).state"]
        if direction == .string("forward") {
            addStates(&cell)
        } else {
            readsBackward(node.name)
        }
        append(node: cell)
        let source = cell.outputs[returned == .all ? 0 : 1]
        if direction == .string("bidirectional") {
            appendSideBySide(source, node.name, returned)
            return
        }
        let axis = returned == .all ? 1 : 0
        addConstant("\(node.name).axes", Tensor(shape: [1], integers: [axis]))
        append(
            node: Node(
                name: "\(node.name).squeeze",
                op: "Squeeze",
                inputs: [source, "\(node.name).axes"],
                outputs: [node.name]
            )
        )
    }

    private static func returned(
        _ attribute: Attribute?,
        _ layer: String
    ) throws(ModelError) -> Returned {
        switch attribute {
        case nil, .string("all"): return .all
        case .string("last"): return .last
        case let other?:
            throw .invalidAttribute(
                node: layer,
                attribute: "returns",
                expected: "\"all\" or \"last\"",
                got: other.text
            )
        }
    }

    private mutating func addStates(_ cell: inout Node) {
        let shape = graph.constants["\(cell.name).R"]?.shape
        // A tensor of another rank is refused when the layer is lowered.
        let hidden = shape?.rank == 3 ? shape?[2] ?? 0 : 0
        cell.inputs += ["", "\(cell.name).initial_h"]
        addState("\(cell.name).initial_h", "\(cell.name).state", count: hidden)
        guard cell.op == "LSTM" else { return }
        cell.inputs.append("\(cell.name).initial_c")
        cell.outputs.append("\(cell.name).cell")
        addState("\(cell.name).initial_c", "\(cell.name).cell", count: hidden)
    }

    /// [T, 2, B, H] to [T, B, 2H], or [2, B, H] to [B, 2H].
    private mutating func appendSideBySide(_ source: String, _ name: String, _ returned: Returned) {
        let order = returned == .all ? [0, 2, 1, 3] : [1, 0, 2]
        let shape = returned == .all ? [0, 0, -1] : [0, -1]
        append(
            node: Node(
                name: "\(name).transpose",
                op: "Transpose",
                attributes: ["perm": .ints(order)],
                inputs: [source],
                outputs: ["\(name).sides"]
            )
        )
        addConstant("\(name).shape", Tensor(shape: [shape.count], integers: shape))
        append(
            node: Node(
                name: "\(name).reshape",
                op: "Reshape",
                inputs: ["\(name).sides", "\(name).shape"],
                outputs: [name]
            )
        )
    }

    /// The vector fed back is the layer's state.
    mutating func appendJordan(_ node: Node) {
        var cell = node
        let shape = graph.constants["\(node.name).R"]?.shape
        cell.inputs.append("\(node.name).initial_f")
        cell.outputs.append("\(node.name).state")
        addState(
            "\(node.name).initial_f",
            "\(node.name).state",
            count: shape?.rank == 2 ? shape?[1] ?? 0 : 0
        )
        append(node: cell)
    }
}
