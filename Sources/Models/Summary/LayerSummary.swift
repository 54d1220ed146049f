import Compute
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
    public var isRecurrent: Bool { Recurrence.names.contains(op) }

    /// Side used where a model takes any size.
    public static let referenceSide = 224

    /// Steps used where a model takes series of any length.
    public static let referenceLength = 100

    public struct ReceptiveField: Equatable, Sendable {
        public let height: Int
        public let width: Int
    }

    static func summarise(
        _ stack: LayerStack,
        manifest: Manifest,
        kernels: KernelSet
    ) throws(ModelError) -> [LayerSummary] {
        var builder = PlanBuilder(graph: stack.graph, kernels: kernels, weights: WeightStore())
        _ = try builder.lowerAll(inputs: referenceShapes(stack, manifest))
        var fields = ReceptiveFields(manifest: manifest)
        for node in stack.graph.nodes { fields.add(node, constants: stack.graph.constants) }
        return stack.layers.map { layer in
            let inner = ["", ".bias", ".squeeze"].reduce(0) {
                $0 + (builder.work[layer.name + $1] ?? 0)
            }
            return LayerSummary(
                name: layer.name,
                op: layer.op,
                outputShape: builder.id(named: layer.name).map { builder.shape(of: $0) } ?? [],
                parameters: layer.parameters,
                multiplyAdds: inner,
                receptiveField: fields[layer.name]
            )
        }
    }

    /// The nodes of an ONNX file at the sizes of `inputs`; shapes that follow from values are left out.
    static func summarise(
        _ executor: GraphExecutor,
        _ inputs: [String: Tensor],
        manifest: Manifest
    ) -> [LayerSummary] {
        let (graph, survey) = (executor.graph, executor.survey(like: inputs))
        var fields = ReceptiveFields(manifest: manifest)
        var counted = Set<String>()
        return graph.nodes.map { node in
            fields.add(node, constants: graph.constants)
            let weights = node.inputs.filter { counted.insert($0).inserted }
                .compactMap { graph.constants[$0] }.filter(\.type.isFloat)
            let name = node.outputs.first { !$0.isEmpty } ?? node.name
            return LayerSummary(
                name: name,
                op: node.op,
                outputShape: survey.shapes[name] ?? [],
                parameters: weights.reduce(0) { $0 + $1.count },
                multiplyAdds: survey.work[node.name] ?? 0,
                receptiveField: fields[name]
            )
        }
    }

    static func referenceShapes(
        _ stack: LayerStack,
        _ manifest: Manifest
    ) -> [String: Shape] {
        var shapes: [String: Shape] = [:]
        switch manifest.input {
        case .image(let name, let channels, let height, let width):
            shapes[name] = [1, channels, height ?? referenceSide, width ?? referenceSide]
        case .series(let name, let channels, let length):
            shapes[name] = [1, channels, length ?? referenceLength]
        case .tokens(let name, _), .clock(let name):
            shapes[name] = [1, 1]
        case .tensors: break
        }
        if let tree = manifest.tree {
            shapes[tree.children] = [1, 2 * tree.width]
            shapes[tree.node] = [1, tree.width]
        }
        for state in stack.states { shapes[state.input] = [1, 1, state.count] }
        return shapes
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
        switch node.op {
        case "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "Flatten", "Gemm", "MatMul",
            "Reshape":
            return
        case "Conv", "TiledConv", "LocallyConnected", "Gabor", "MaxPool", "AveragePool", "LpPool":
            let kernel = window(node, constants)
            let strides = pair(node, "strides")
            let dilations = pair(node, "dilations")
            field.size.0 += Self.bounded((kernel.0 - 1) * dilations.0, field.jump.0)
            field.size.1 += Self.bounded((kernel.1 - 1) * dilations.1, field.jump.1)
            field.jump = (
                Self.bounded(field.jump.0, strides.0), Self.bounded(field.jump.1, strides.1)
            )
        default:
            break
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
