import Engine
public import Graph

/// One layer as `GET /models/{m}` and `striate check` print it.
public struct LayerSummary: Sendable {
    public let name: String
    public let op: String
    /// At the model's own input size, or at 224×224 or 100 steps for a model of any size; one image, or one step.
    public let outputShape: Shape
    public let parameters: Int
    public let multiplyAdds: Int
    /// What of the input one output sees; nil where the whole input is seen, or for sequences.
    public let receptiveField: ReceptiveField?

    /// Whether the layer's values go from step to step.
    public var isRecurrent: Bool { Operators.has(.recurrent, op) }

    /// Side used where a model takes any size.
    public static let referenceSide = 224

    /// Steps used where a model takes series of any length.
    public static let referenceLength = 100

    /// The layers of a graph at the sizes it was surveyed with; shapes that follow from values are left out.
    static func summarise(
        _ layers: [ListedLayer],
        of graph: Graph,
        _ survey: GraphSurvey,
        manifest: Manifest
    ) -> [LayerSummary] {
        var fields = ReceptiveFields(manifest: manifest)
        var shapes = survey.shapes
        for input in graph.inputs {
            let sizes = input.dimensions.compactMap { $0 }
            if sizes.count == input.dimensions.count { shapes[input.name] = Shape(sizes) }
        }
        for node in graph.nodes { fields.add(node, graph.constants, shapes: shapes) }
        return layers.map { layer in
            LayerSummary(
                name: layer.name,
                op: layer.op,
                outputShape: survey.shapes[layer.name] ?? [],
                parameters: layer.parameters,
                multiplyAdds: layer.nodes.reduce(0) { $0 + (survey.work[$1] ?? 0) },
                receptiveField: fields[layer.name]
            )
        }
    }
}

/// A layer as a person knows it: one or more nodes of a graph.
struct ListedLayer {
    /// Of the value that it answers.
    let name: String
    let op: String
    let nodes: [String]
    let parameters: Int
}

extension Graph {
    /// The nodes of an ONNX file, each a layer.
    var listed: [ListedLayer] {
        var counted = Set<String>()
        return nodes.map { node in
            let weights = node.inputs.filter { counted.insert($0).inserted }
                .compactMap { constants[$0] }.filter(\.type.isFloat)
            return ListedLayer(
                name: node.layer,
                op: node.op,
                nodes: [node.name],
                parameters: weights.reduce(0) { $0 + $1.count }
            )
        }
    }
}

extension LayerStack {
    /// The layers as they are written, each with the nodes it became.
    var listed: [ListedLayer] {
        layers.map { layer in
            ListedLayer(
                name: layer.name,
                op: layer.op,
                nodes: ["", ".bias", ".squeeze"].map { layer.name + $0 },
                parameters: layer.parameters
            )
        }
    }

    /// Inputs of one example, with usual sizes where a size may vary, `times` as large; only their shapes matter.
    func samples(_ manifest: Manifest, times: Int = 1) -> [String: Tensor] {
        var samples: [String: Tensor] = [:]
        for input in graph.inputs {
            let sizes = input.dimensions.enumerated().map { axis, known in
                known ?? times * usualSize(of: input.name, axis, manifest)
            }
            let shape = Shape(sizes)
            samples[input.name] =
                input.type == .float32
                ? Tensor(sized: shape)
                : Tensor(shape: shape, elements: .zeros(shape.count, input.type))
        }
        return samples
    }

    private func usualSize(of input: String, _ axis: Int, _ manifest: Manifest) -> Int {
        guard input == manifest.input.name, axis > 0 else { return 1 }
        switch manifest.input {
        case .image: return axis > 1 ? LayerSummary.referenceSide : 1
        case .series: return axis == 2 ? LayerSummary.referenceLength : 1
        case .tokens, .clock, .tensors: return 1
        }
    }
}
