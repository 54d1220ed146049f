package import FoundationEssentials
package import Graph
import OnnxFormat
import SwiftProtobuf

/// Writes a graph as an ONNX file that holds everything.
package struct OnnxWriter {
    private var opsets: [String: Int] = [:]

    /// - Throws: what of the graph no file can say: nodes of one domain with rules of several versions, constants that
    ///   cannot be read, more than 2 GiB.
    package static func data(_ graph: Graph, name: String) throws(ModelError) -> Data {
        var writer = OnnxWriter()
        var model = OnnxModelProto()
        model.graph = try writer.proto(graph, name: name)
        let version = writer.opsets[""] ?? Node.newestOpset
        // The version of the format that came with the operator set.
        model.irVersion = version >= 21 ? 10 : version >= 19 ? 9 : 8
        model.producerName = "striate"
        model.opsetImport = writer.opsets.sorted { $0.key < $1.key }.map { domain, version in
            var entry = OnnxOperatorSetIdProto()
            (entry.domain, entry.version) = (domain, Int64(version))
            return entry
        }
        do {
            return try model.serializedData()
        } catch {
            throw .invalidWeights("the model cannot be written as one ONNX file: \(error)")
        }
    }

    private mutating func proto(_ graph: Graph, name: String) throws(ModelError) -> OnnxGraphProto {
        var proto = OnnxGraphProto()
        proto.name = name
        proto.input = graph.inputs.map(Self.proto)
        for name in graph.constants.keys.sorted() {
            guard let tensor = graph.constants[name] else { continue }
            proto.initializer.append(try Self.proto(tensor, name: name))
        }
        for node in graph.nodes { proto.node.append(try self.proto(node)) }
        proto.output = graph.outputs.map { name in
            graph.outputInfo.first { $0.name == name }.map(Self.proto)
                ?? Self.proto(
                    Graph.Input(name: name, type: .float32, dimensions: [], hasAnyRank: true)
                )
        }
        return proto
    }

    private mutating func proto(_ node: Node) throws(ModelError) -> OnnxNodeProto {
        var proto = OnnxNodeProto()
        proto.name = node.name
        let parts = node.op.split(separator: ".")
        (proto.opType, proto.domain) = (
            parts.last.map(String.init) ?? "", parts.dropLast().joined(separator: ".")
        )
        guard opsets.updateValue(node.opset, forKey: proto.domain) ?? node.opset == node.opset
        else {
            throw .shape(node: node.name, reason: "its operator set is not that of the others")
        }
        (proto.input, proto.output) = (node.inputs, node.outputs)
        for name in node.attributes.keys.sorted() {
            guard let attribute = node.attributes[name] else { continue }
            proto.attribute.append(try self.proto(attribute, name: name))
        }
        return proto
    }

    private mutating func proto(
        _ attribute: Attribute,
        name: String
    ) throws(ModelError) -> OnnxAttributeProto {
        var proto = OnnxAttributeProto()
        proto.name = name
        switch attribute {
        case .int(let value): (proto.type, proto.i) = (.int, Int64(value))
        case .ints(let values): (proto.type, proto.ints) = (.ints, values.map { Int64($0) })
        case .float(let value): (proto.type, proto.f) = (.float, value)
        case .floats(let values): (proto.type, proto.floats) = (.floats, values)
        case .string(let text): (proto.type, proto.s) = (.string, Data(text.utf8))
        case .strings(let texts):
            (proto.type, proto.strings) = (.strings, texts.map { Data($0.utf8) })
        case .tensor(let tensor):
            proto.type = .tensor
            proto.t = try Self.proto(tensor, name: "")
        case .graph(let graph):
            proto.type = .graph
            proto.g = try self.proto(graph, name: name)
        }
        return proto
    }

    private static func proto(_ tensor: Tensor, name: String) throws(ModelError) -> OnnxTensorProto
    {
        let loaded = try tensor.loaded()
        var proto = OnnxTensorProto()
        proto.name = name
        proto.dataType = Int32(loaded.type.onnx)
        proto.dims = loaded.shape.dimensions.map { Int64($0) }
        if case .strings(let texts) = loaded.elements {
            proto.stringData = texts.map { Data($0) }
        } else {
            proto.rawData = Data(loaded.elements.bytes)
        }
        return proto
    }

    private static func proto(_ port: Graph.Input) -> OnnxValueInfoProto {
        var tensor = OnnxTypeProto.Tensor()
        tensor.elemType = Int32(port.type.onnx)
        if !port.hasAnyRank {
            tensor.shape.dim = port.dimensions.enumerated().map { axis, size in
                var dimension = OnnxTensorShapeProto.Dimension()
                dimension.value =
                    size.map { .dimValue(Int64($0)) } ?? .dimParam("\(port.name)_\(axis)")
                return dimension
            }
        }
        var proto = OnnxValueInfoProto()
        proto.name = port.name
        proto.type.tensorType = tensor
        return proto
    }
}
