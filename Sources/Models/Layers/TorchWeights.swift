import Graph

/// Tensors under the names of a PyTorch module's state_dict, as a layer takes them.
///
/// The module's gates stand in the order of torch.nn (LSTM: input, forget, cell, output; GRU: reset, update, new), each
/// direction's and each layer's tensors apart; ONNX has input, output, forget, cell and update, reset, hidden, and all
/// directions in one tensor.
struct TorchWeights {
    /// Such as `features.0`.
    let module: String
    /// Of a module of several recurrent layers, from 0.
    let layer: Int

    /// Takes the module's tensors out of `weights`: by the names of the layer's parameters.
    ///
    /// A GRU of torch resets behind its product, which `attributes` then say.
    func take(
        for op: String,
        _ attributes: inout [String: Attribute],
        from weights: inout [String: Tensor]
    ) throws(ModelError) -> [String: Tensor] {
        switch op {
        case "RNN", "LSTM", "GRU":
            if op == "GRU", attributes["linear_before_reset"] == nil {
                attributes["linear_before_reset"] = .int(1)
            }
            let isTwoWay = attributes["direction"] == .string("bidirectional")
            let isBackward = attributes["direction"] == .string("reverse")
            let ends = isTwoWay ? ["", "_reverse"] : [isBackward ? "_reverse" : ""]
            return try cells(order: Self.orders[op] ?? [0], ends, from: &weights)
        case "BatchNormalization":
            return try tensors(
                [
                    ("weight", "scale"), ("bias", "bias"), ("running_mean", "mean"),
                    ("running_var", "variance"),
                ],
                from: &weights
            )
        default:
            var found = try tensors([("weight", "weight")], from: &weights)
            found["bias"] = weights.removeValue(forKey: "\(module).bias")
            return found
        }
    }

    /// Which of torch's gates stands where ONNX has its first, second, ….
    private static let orders = ["LSTM": [0, 3, 1, 2], "GRU": [1, 0, 2]]

    private func tensors(
        _ names: [(torch: String, own: String)],
        from weights: inout [String: Tensor]
    ) throws(ModelError) -> [String: Tensor] {
        var found: [String: Tensor] = [:]
        for (torch, own) in names { found[own] = try take(torch, from: &weights) }
        return found
    }

    private func take(
        _ name: String,
        from weights: inout [String: Tensor]
    ) throws(ModelError) -> Tensor {
        let key = "\(module).\(name)"
        guard let tensor = weights.removeValue(forKey: key) else {
            throw .invalidWeights("the tensor \"\(key)\" of the PyTorch module is missing")
        }
        return tensor
    }

    private func cells(
        order: [Int],
        _ ends: [String],
        from weights: inout [String: Tensor]
    ) throws(ModelError) -> [String: Tensor] {
        var (input, state, bias): ([Float], [Float], [Float]) = ([], [], [])
        var sizes = (rows: 0, inputs: 0, units: 0)
        var hasBias = false
        for end in ends {
            let given = try matrix("weight_ih_l\(layer)\(end)", order, from: &weights)
            let kept = try matrix("weight_hh_l\(layer)\(end)", order, from: &weights)
            guard given.rows == kept.rows, kept.rows == order.count * kept.columns else {
                throw .invalidWeights(
                    "\"\(module)\" is no cell of \(order.count) gates: its matrices have \(given.rows) and \(kept.rows) rows"
                )
            }
            sizes = (given.rows, given.columns, kept.columns)
            input += given.values
            state += kept.values
            for name in ["bias_ih", "bias_hh"]
            where weights["\(module).\(name)_l\(layer)\(end)"] != nil {
                hasBias = true
                bias += try matrix("\(name)_l\(layer)\(end)", order, from: &weights).values
            }
        }
        var found = [
            "W": Tensor(shape: [ends.count, sizes.rows, sizes.inputs], floats: input),
            "R": Tensor(shape: [ends.count, sizes.rows, sizes.units], floats: state),
        ]
        guard hasBias else { return found }
        guard bias.count == ends.count * 2 * sizes.rows else {
            throw .invalidWeights("\"\(module)\" has not both biases of all its gates")
        }
        found["B"] = Tensor(shape: [ends.count, 2 * sizes.rows], floats: bias)
        return found
    }

    /// A matrix [gates · units, columns], or a list of one column, with its gates in ONNX's order.
    private func matrix(
        _ name: String,
        _ order: [Int],
        from weights: inout [String: Tensor]
    ) throws(ModelError) -> (values: [Float], rows: Int, columns: Int) {
        let tensor = try take(name, from: &weights)
        let rows = tensor.shape.dimensions.first ?? 0
        guard let values = tensor.floats, (1...2).contains(tensor.shape.rank), rows > 0,
            rows.isMultiple(of: order.count)
        else {
            throw .invalidWeights(
                "\"\(module).\(name)\" of shape \(tensor.shape) has no rows for \(order.count) gates"
            )
        }
        let block = values.count / order.count
        let ordered = order.flatMap { values[$0 * block..<($0 + 1) * block] }
        return (ordered, rows, values.count / rows)
    }
}
