import Engine
public import Graph

/// What a model takes and what it answers.
public struct ModelSignature: Sendable, Equatable {
    public struct Port: Sendable, Equatable {
        public let name: String
        public let type: ElementType
        /// nil is a dimension that may vary.
        public let dimensions: [Int?]
        /// An input that may be left out, such as a state: then it is zeros.
        public var isOptional = false
        /// Whether not even the number of dimensions is known.
        public var hasAnyRank = false
    }

    public let inputs: [Port]
    public let outputs: [Port]
}

extension ModelSignature {
    /// The signature that an ONNX file declares.
    init(_ graph: Graph) {
        func port(_ info: Graph.Input) -> Port {
            Port(
                name: info.name,
                type: info.type,
                dimensions: info.dimensions,
                hasAnyRank: info.hasAnyRank
            )
        }
        inputs = graph.inputs.map(port)
        outputs = graph.outputInfo.map(port)
    }

    /// The signature of a stack of layers: an output's dimension varies if it follows an input's that does.
    init(
        _ stack: LayerStack,
        manifest: Manifest,
        of program: Program
    ) throws(ModelError) {
        inputs = stack.graph.inputs.map { input in
            Port(
                name: input.name,
                type: input.type,
                dimensions: input.dimensions,
                isOptional: program.mayOmit(input.name)
            )
        }
        let small = try program.survey(like: stack.samples(manifest))
        let large = try program.survey(like: stack.samples(manifest, times: 2))
        outputs = stack.graph.outputs.map { name in
            let sizes = (small.shapes[name]?.dimensions, large.shapes[name]?.dimensions)
            return Port(
                name: name,
                type: small.types[name] ?? .float32,
                dimensions: zip(sizes.0 ?? [], sizes.1 ?? []).map { $0 == $1 ? $0 : nil }
            )
        }
    }
}

extension ModelSignature.Port: CustomStringConvertible {
    /// Such as `float32 [any, 3, 224, 224]`.
    public var description: String {
        if hasAnyRank { return "\(type.rawValue) of any shape" }
        let sizes = dimensions.map { $0.map(String.init) ?? "any" }
        return "\(type.rawValue) [\(sizes.joined(separator: ", "))]"
    }

    /// Whether a tensor may be given here.
    func check(_ tensor: Tensor) throws(ModelError) {
        guard tensor.type == type else {
            throw .inputType(
                name: name,
                expected: description,
                got: "\(tensor.type.rawValue) \(tensor.shape)"
            )
        }
        let fits =
            hasAnyRank
            || tensor.shape.rank == dimensions.count
                && zip(tensor.shape.dimensions, dimensions).allSatisfy { $1 == nil || $1 == $0 }
        guard fits else {
            throw .inputShape(name: name, expected: description, got: tensor.shape)
        }
    }
}
