import Graph
import OnnxFormat

/// Turns a ModelProto into a graph: functions in line, every value named once, nodes in topological order.
struct OnnxImport {
    private var tensors: OnnxTensors
    private let functions: OnnxFunctions
    private var names = Set<String>()
    private var nodeCount = 0
    private var calls = 0

    /// Nodes of all graphs together, functions expanded.
    private static let mostNodes = 200_000
    private static let deepestGraph = 32

    /// - Throws: an error that names the node, the value or the tensor that is wrong.
    package static func graph(
        _ model: consuming OnnxModelProto,
        tensors: OnnxTensors
    ) throws(ModelError) -> Graph {
        guard model.hasGraph else { throw .invalidWeights("the file holds no graph") }
        var opsets: [String: Int] = [:]
        for entry in model.opsetImport {
            opsets[entry.domain == "ai.onnx" ? "" : entry.domain] = Int(entry.version)
        }
        if opsets.isEmpty { opsets[""] = 1 }
        let version = opsets[""] ?? 0
        guard (0...Node.newestOpset).contains(version) else {
            throw .invalidWeights(
                "the model needs operator set \(version); known are 1 to \(Node.newestOpset)"
            )
        }
        let functions = try OnnxFunctions(model.functions)
        var importer = OnnxImport(tensors: tensors, functions: functions)
        var graph = model.graph
        model.clearGraph()
        return try importer.graph(&graph, opsets: opsets, scope: OnnxScope(), depth: 0)
    }

    private init(tensors: OnnxTensors, functions: OnnxFunctions) {
        self.tensors = tensors
        self.functions = functions
    }

    /// Tensors are freed in `proto` as they are read, so that they are in memory once.
    private mutating func graph(
        _ proto: inout OnnxGraphProto,
        opsets: [String: Int],
        scope: OnnxScope,
        depth: Int
    ) throws(ModelError) -> Graph {
        guard depth <= Self.deepestGraph else {
            throw .invalidWeights("graphs lie deeper than \(Self.deepestGraph) in each other")
        }
        guard proto.sparseInitializer.isEmpty else {
            throw .invalidWeights("sparse initializers are not supported")
        }
        var graph = Graph()
        var initializers: Set<String> = []
        for index in proto.initializer.indices {
            let written = proto.initializer[index].name
            guard !written.isEmpty, let name = scope.define(written) else {
                throw .invalidWeights(
                    "the initializer \"\(written)\" is there twice or has no name"
                )
            }
            graph.constants[name] = try tensors.tensor(proto.initializer[index])
            proto.initializer[index] = OnnxTensorProto()
            initializers.insert(written)
        }
        for input in proto.input where !initializers.contains(input.name) {
            guard !input.name.isEmpty, let name = scope.define(input.name) else {
                throw .invalidWeights("the input \"\(input.name)\" is there twice or has no name")
            }
            graph.inputs.append(try port(input, called: name, isInner: depth > 0))
        }
        try append(proto.node, to: &graph, opsets: opsets, scope: scope, depth: depth, calls: 0)
        var outputs: Set<String> = []
        for output in proto.output {
            guard let name = scope.name(of: output.name) else {
                throw .invalidWeights("nothing makes the output \"\(output.name)\"")
            }
            guard outputs.insert(name).inserted || depth > 0 else {
                throw .invalidWeights("the output \"\(output.name)\" is there twice")
            }
            graph.outputs.append(name)
            graph.outputInfo.append(try port(output, called: name, isInner: depth > 0))
        }
        return graph
    }

    private mutating func append(
        _ protos: [OnnxNodeProto],
        to graph: inout Graph,
        opsets: [String: Int],
        scope: OnnxScope,
        depth: Int,
        calls: Int
    ) throws(ModelError) {
        for proto in protos {
            nodeCount += 1
            guard nodeCount <= Self.mostNodes else { throw .invalidWeights("too many nodes") }
            if let function = functions.function(for: proto) {
                guard calls < OnnxFunctions.deepest else {
                    throw .invalidWeights("the function \"\(function.name)\" calls itself")
                }
                self.calls += 1
                let prefix = "\(proto.output.first ?? function.name)/\(self.calls)/"
                try tensors.take(functions.byteCount(of: proto, prefix: prefix))
                let body = try functions.body(of: function, for: proto, prefix: prefix)
                var own = opsets
                for entry in function.opsetImport {
                    own[entry.domain == "ai.onnx" ? "" : entry.domain] = Int(entry.version)
                }
                try append(
                    body,
                    to: &graph,
                    opsets: own,
                    scope: scope,
                    depth: depth,
                    calls: calls + 1
                )
                continue
            }
            graph.nodes.append(
                try node(proto, opsets: opsets, scope: scope, depth: depth)
            )
        }
    }

    private mutating func node(
        _ proto: OnnxNodeProto,
        opsets: [String: Int],
        scope: OnnxScope,
        depth: Int
    ) throws(ModelError) -> Node {
        let label = proto.name.isEmpty ? proto.output.first ?? proto.opType : proto.name
        var inputs: [String] = []
        for input in proto.input {
            guard let name = input.isEmpty ? "" : scope.name(of: input) else {
                throw .shape(
                    node: label,
                    reason: "the input \"\(input)\" is made by no node before: missing, or a cycle"
                )
            }
            inputs.append(name)
        }
        let isStandard = proto.domain.isEmpty || proto.domain == "ai.onnx"
        var node = Node(
            name: unique(label),
            op: isStandard ? proto.opType : "\(proto.domain).\(proto.opType)",
            inputs: inputs,
            outputs: proto.output
        )
        node.opset = isStandard ? opsets[""] ?? Node.newestOpset : opsets[proto.domain] ?? 1
        for attribute in proto.attribute {
            let value = try self.attribute(
                attribute,
                of: label,
                opsets: opsets,
                scope: scope,
                depth: depth
            )
            guard node.attributes.updateValue(value, forKey: attribute.name) == nil else {
                throw .shape(node: label, reason: "the attribute \(attribute.name) is there twice")
            }
        }
        for (index, output) in proto.output.enumerated() where !output.isEmpty {
            guard let name = scope.define(output) else {
                throw .shape(node: label, reason: "the value \"\(output)\" is made twice")
            }
            node.outputs[index] = name
        }
        return node
    }

    /// Node names may repeat or be missing in a file; ours do not.
    private mutating func unique(_ name: String) -> String {
        var candidate = name
        var number = 1
        while !names.insert(candidate).inserted {
            number += 1
            candidate = "\(name)#\(nodeCount)" + (number > 2 ? ".\(number)" : "")
        }
        return candidate
    }

    private mutating func attribute(
        _ proto: OnnxAttributeProto,
        of node: String,
        opsets: [String: Int],
        scope: OnnxScope,
        depth: Int
    ) throws(ModelError) -> Attribute {
        func unsupported() -> ModelError {
            .invalidAttribute(
                node: node,
                attribute: proto.name,
                expected: "a number, a text, a tensor or a graph",
                got: proto.refAttrName.isEmpty ? "\(proto.type)" : "a reference"
            )
        }
        guard proto.refAttrName.isEmpty else { throw unsupported() }
        switch kind(proto) {
        case .float: return .float(proto.f)
        case .int: return .int(Int(proto.i))
        case .string: return .string(String(decoding: proto.s, as: UTF8.self))
        case .floats: return .floats(proto.floats)
        case .ints: return .ints(proto.ints.map { Int($0) })
        case .strings: return .strings(proto.strings.map { String(decoding: $0, as: UTF8.self) })
        case .tensor: return .tensor(try tensors.tensor(proto.t))
        case .graph:
            var inner = proto.g
            return .graph(
                try graph(
                    &inner,
                    opsets: opsets,
                    scope: OnnxScope(inside: scope),
                    depth: depth + 1
                )
            )
        default: throw unsupported()
        }
    }

    /// The declared type, or in old files what is there.
    private func kind(_ proto: OnnxAttributeProto) -> OnnxAttributeProto.AttributeType {
        guard proto.type == .undefined else { return proto.type }
        if proto.hasF { return .float }
        if proto.hasI { return .int }
        if proto.hasS { return .string }
        if proto.hasT { return .tensor }
        if proto.hasG { return .graph }
        if !proto.floats.isEmpty { return .floats }
        if !proto.ints.isEmpty { return .ints }
        return proto.strings.isEmpty ? .undefined : .strings
    }

    private func port(
        _ info: OnnxValueInfoProto,
        called name: String,
        isInner: Bool
    ) throws(ModelError) -> Graph.Input {
        let tensor: OnnxTypeProto.Tensor?
        var isList = false
        switch info.type.value {
        case .tensorType(let type): tensor = type
        // A client cannot leave a tensor out: what is optional is there.
        case .optionalType(let type) where type.elemType.tensorType.elemType != 0:
            tensor = type.elemType.tensorType
        case .sequenceType(let type) where isInner:
            (tensor, isList) = (type.elemType.tensorType, true)
        case nil: tensor = nil
        default:
            throw .invalidWeights("\"\(info.name)\" is a sequence or optional, not a tensor")
        }
        let number = Int(tensor?.elemType ?? 0)
        guard let type = ElementType(onnx: number) ?? (isInner && number == 0 ? .float32 : nil)
        else {
            throw .invalidWeights(
                "\"\(info.name)\" has data type \(number), which is not supported"
            )
        }
        var port = Graph.Input(name: name, type: type, dimensions: [])
        port.isList = isList
        guard let tensor, tensor.hasShape else {
            port.hasAnyRank = true
            return port
        }
        port.dimensions = tensor.shape.dim.map { dimension in
            guard case .dimValue(let size)? = dimension.value, size >= 0 else { return nil }
            return Int(size)
        }
        return port
    }
}
