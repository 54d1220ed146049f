import Models

extension NetworkOutline.Layer {
    /// The operator with what was written of its window: `Conv 5×5, stride 2, same`.
    var words: String {
        var parts = [op]
        if let kernel = fields["kernel"]?.integers, !kernel.isEmpty {
            parts[0] += " " + kernel.map(String.init).joined(separator: "×")
        }
        if let group = fields["group"]?.integers.first { parts[0] += " of \(group)" }
        if let count = fields["connections"]?.integers.first {
            parts.append("\(count) connections")
        }
        if let groups = fields["groups"]?.integers.first, groups > 1 {
            parts.append("\(groups) groups")
        }
        for (name, word) in [("tile", "tile"), ("strides", "stride"), ("dilations", "dilation")] {
            guard let values = fields[name]?.integers, values.contains(where: { $0 != 1 }) else {
                continue
            }
            parts.append("\(word) \(Self.sizes(values))")
        }
        if let p = fields["p"]?.integers.first { parts.append("p = \(p)") }
        if let hidden = fields["hidden"]?.integers.first { parts.append("\(hidden) units") }
        if let padding { parts.append(padding) }
        return abridged(parts.joined(separator: ", "), to: 44)
    }

    private var padding: String? {
        if let word = fields["padding"]?.word { return "\(word) padding" }
        guard let values = fields["padding"]?.integers, values.contains(where: { $0 != 0 }) else {
            return nil
        }
        return "padding \(Self.sizes(values))"
    }

    /// `2` where all are alike, else `2×1`.
    private static func sizes(_ values: [Int]) -> String {
        if let first = values.first, values.allSatisfy({ $0 == first }) { return "\(first)" }
        return values.map(String.init).joined(separator: "×")
    }

    /// Whether it only changes numbers where they stand, or how they are counted.
    var isThin: Bool { Self.thin.contains(op) }

    private static let thin: Set<String> = [
        "Relu", "LeakyRelu", "Tanh", "Sigmoid", "Saturating", "Softmax", "LogSoftmax", "Maxout",
        "ChannelL2", "Flatten", "Reshape", "BatchNormalization", "Dropout", "Identity", "Add",
        "Mul", "Squeeze", "Clip", "Concat", "Elu", "HardSigmoid",
    ]

    /// Channels, then rows and columns; empty where the shape is not known.
    ///
    /// Units alone for a step of a sequence [T, B, units].
    var extent: [Int] {
        let rest = shape.count > 1 ? Array(shape.dropFirst()) : shape
        return rest.count == 2 && rest[0] == 1 ? [rest[1]] : rest
    }
}
