import Graph

extension NetworkForm {
    /// Larger networks are not drawn.
    private static let mostNodes = 5000

    /// An ONNX file's nodes as layers of pictures or series; quantising and back is no layer of its own.
    ///
    /// Empty for networks with states, and those whose input is another: they are not drawn layer by layer.
    init(importing graph: Graph, _ manifest: Manifest) {
        let inputName = manifest.input.name
        var input: [String: Attribute] = [:]
        switch manifest.input {
        case .image(_, let channels, let height, let width):
            input = ["channels": .int(channels)]
            input["height"] = height.map(Attribute.int)
            input["width"] = width.map(Attribute.int)
        case .series(_, let channels, let length):
            input = ["channels": .int(channels), "series": .int(1)]
            input["length"] = length.map(Attribute.int)
        default: break
        }
        let stateful: Set = ["GRU", "LSTM", "Loop", "RNN", "Scan"]
        let isDrawn =
            !input.isEmpty && graph.nodes.count <= Self.mostNodes
            && !graph.nodes.contains { stateful.contains($0.op) }
        self.init(
            inputName: inputName,
            input: input,
            layers: isDrawn ? Self.layers(graph, after: inputName) : [],
            tree: [:]
        )
    }

    private static func layers(_ graph: Graph, after inputName: String) -> [Layer] {
        var makers = [inputName: inputName]
        var layers: [Layer] = []
        for node in graph.nodes {
            var sources: [String] = []
            for input in node.inputs {
                if let maker = makers[input], !sources.contains(maker) { sources.append(maker) }
            }
            let isRounding = ["DequantizeLinear", "Identity", "QuantizeLinear"].contains(node.op)
            let name = isRounding ? sources.first : node.layer
            for output in node.outputs where !output.isEmpty { makers[output] = name }
            guard !isRounding, !sources.isEmpty else { continue }
            layers.append(
                Layer(
                    name: node.layer,
                    op: node.op,
                    inputs: sources,
                    fields: fields(of: node, graph)
                )
            )
        }
        return layers
    }

    /// Attributes in the words of model.json.
    private static func fields(of node: Node, _ graph: Graph) -> [String: Attribute] {
        var fields: [String: Attribute] = [:]
        let words = [
            "kernel_shape": "kernel", "strides": "strides", "dilations": "dilations",
            "pads": "padding", "group": "groups",
        ]
        for (attribute, word) in words { fields[word] = node.attributes[attribute] }
        if node.op == "Conv", fields["kernel"] == nil, node.inputs.count > 1,
            let weights = graph.constants[node.inputs[1]], weights.shape.rank > 2
        {
            fields["kernel"] = .ints(Array(weights.shape.dimensions.dropFirst(2)))
        }
        return fields
    }
}
