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
    /// Rows and columns of the input that one output sees; nil where the whole input is seen, or for sequences.
    public let receptiveField: ReceptiveField?

    /// Whether the layer's values go from step to step.
    public var isRecurrent: Bool { Operators.has(.recurrent, op) }

    /// Side used where a model takes any size.
    public static let referenceSide = 224

    /// Steps used where a model takes series of any length.
    public static let referenceLength = 100

    public struct ReceptiveField: Equatable, Sendable {
        public let height: Int
        public let width: Int
    }

    /// The layers of a graph at the sizes it was surveyed with; shapes that follow from values are left out.
    static func summarise(
        _ layers: [ListedLayer],
        of graph: Graph,
        _ survey: GraphSurvey,
        manifest: Manifest
    ) -> [LayerSummary] {
        var fields = ReceptiveFields(manifest: manifest)
        for node in graph.nodes { fields.add(node, constants: graph.constants) }
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

/// Follows windows through the layers: r' = r + (k − 1)·d·j, j' = j·s.
private struct ReceptiveFields {
    private struct Field {
        var size = (1, 1)
        var jump = (1, 1)
    }

    private var fields: [String: Field] = [:]

    init(manifest: Manifest) {
        switch manifest.input {
        case .image(let name, _, _, _), .series(let name, _, _): fields[name] = Field()
        case .tokens, .clock, .tensors: break
        }
    }

    subscript(value: String) -> LayerSummary.ReceptiveField? {
        fields[value].map { LayerSummary.ReceptiveField(height: $0.size.0, width: $0.size.1) }
    }

    mutating func add(_ node: Node, constants: [String: Tensor]) {
        let inputs = node.inputs.compactMap { fields[$0] }
        guard var field = inputs.max(by: { $0.size.0 < $1.size.0 }) else { return }
        guard !Operators.has(.whole, node.op) else { return }
        if Operators.has(.windows, node.op) {
            let kernel = window(node, constants)
            let strides = pair(node, "strides")
            let dilations = pair(node, "dilations")
            field.size.0 += Self.bounded((kernel.0 - 1) * dilations.0, field.jump.0)
            field.size.1 += Self.bounded((kernel.1 - 1) * dilations.1, field.jump.1)
            field.jump = (
                Self.bounded(field.jump.0, strides.0), Self.bounded(field.jump.1, strides.1)
            )
        }
        for output in node.outputs { fields[output] = field }
    }

    /// A product of sizes; strides of many layers may be beyond all pictures.
    private static func bounded(_ one: Int, _ other: Int) -> Int {
        let (product, overflow) = one.multipliedReportingOverflow(by: other)
        return overflow ? 1 << 40 : min(product, 1 << 40)
    }

    private func window(_ node: Node, _ constants: [String: Tensor]) -> (Int, Int) {
        if case .ints = node.attributes["kernel_shape"] { return pair(node, "kernel_shape") }
        guard node.inputs.count > 1, let shape = constants[node.inputs[1]]?.shape else {
            return (1, 1)
        }
        if node.op == "Conv", node.attributes["connections"] == nil, shape.rank == 3 {
            return (1, shape[2])
        }
        // Kernels lie last, but for those of a tiling.
        let axis = node.op == "TiledConv" ? 2 : shape.rank - 2
        return shape.rank > axis + 1 && axis >= 1 ? (shape[axis], shape[axis + 1]) : (1, 1)
    }

    /// Rows and columns; a series has one row.
    private func pair(_ node: Node, _ name: String) -> (Int, Int) {
        guard case .ints(let values) = node.attributes[name], (1...2).contains(values.count) else {
            return (1, 1)
        }
        return values.count == 1 ? (1, values[0]) : (values[0], values[1])
    }
}
