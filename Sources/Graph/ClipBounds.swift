extension Graph {
    /// The constant bounds of a Clip, given as inputs or, before opset 11, as attributes.
    package func clipBounds(_ node: Node) -> [Float]? {
        var bounds = [-Float.greatestFiniteMagnitude, Float.greatestFiniteMagnitude]
        for (index, name) in ["min", "max"].enumerated() {
            switch node.attributes[name] {
            case .float(let value): bounds[index] = value
            case .int(let value): bounds[index] = Float(value)
            case nil: break
            default: return nil
            }
            guard index + 1 < node.inputs.count, !node.inputs[index + 1].isEmpty else { continue }
            guard let value = constants[node.inputs[index + 1]]?.floats?.first else { return nil }
            bounds[index] = value
        }
        return bounds
    }
}
