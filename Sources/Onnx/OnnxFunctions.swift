import Graph
import OnnxFormat

/// The functions a model brings along, put in place of the nodes that call them.
struct OnnxFunctions {
    package struct Key: Hashable {
        let domain: String
        package let name: String
        let overload: String
    }

    private let functions: [Key: OnnxFunctionProto]
    private let sizes: [Key: ProtoSize]

    /// Calls within calls; deeper ones are taken for endless.
    package static let deepest = 24

    init(_ protos: [OnnxFunctionProto]) throws(ModelError) {
        var functions: [Key: OnnxFunctionProto] = [:]
        for proto in protos {
            let key = Key(domain: proto.domain, name: proto.name, overload: proto.overload)
            guard functions.updateValue(proto, forKey: key) == nil else {
                throw .invalidWeights("the function \"\(proto.name)\" is there twice")
            }
        }
        self.functions = functions
        sizes = functions.mapValues { ProtoSize($0.node) }
    }

    func function(for node: OnnxNodeProto) -> OnnxFunctionProto? {
        functions[Self.key(of: node)]
    }

    private static func key(of node: OnnxNodeProto) -> Key {
        Key(domain: node.domain, name: node.opType, overload: node.overload)
    }

    /// Bytes that the body of a call takes, counted from above: a file says it once and may call it often.
    func byteCount(of call: OnnxNodeProto, prefix: String) -> Int {
        guard let size = sizes[Self.key(of: call)] else { return 0 }
        let given = ProtoSize([call])
        return size.bytes + size.names * prefix.utf8.count
            + size.references * (given.bytes + given.names * prefix.utf8.count)
    }

    /// The body of a call: its values named after the caller's, or `prefix` before their own names.
    package func body(
        of function: OnnxFunctionProto,
        for call: OnnxNodeProto,
        prefix: String
    ) throws(ModelError) -> [OnnxNodeProto] {
        guard call.input.count <= function.input.count, call.output.count <= function.output.count
        else {
            throw .shape(node: call.name, reason: "the function \(function.name) is called wrongly")
        }
        var names = ["": ""]
        for (index, name) in function.input.enumerated() {
            names[name] = index < call.input.count ? call.input[index] : ""
        }
        for (index, name) in function.output.enumerated()
        where index < call.output.count && !call.output[index].isEmpty {
            names[name] = call.output[index]
        }
        var attributes: [String: OnnxAttributeProto] = [:]
        for attribute in function.attributeProto + call.attribute {
            attributes[attribute.name] = attribute
        }
        let renaming = Renaming(names: names, attributes: attributes, prefix: prefix)
        return function.node.map(renaming.node)
    }

    private struct Renaming {
        package let names: [String: String]
        package let attributes: [String: OnnxAttributeProto]
        package let prefix: String

        package func name(_ own: String) -> String { names[own] ?? prefix + own }

        package func node(_ proto: OnnxNodeProto) -> OnnxNodeProto {
            var node = proto
            node.name = prefix + proto.name
            node.input = proto.input.map(name)
            node.output = proto.output.map(name)
            // An attribute that the caller left out is left out here too.
            node.attribute = proto.attribute.compactMap(attribute)
            return node
        }

        private func attribute(_ proto: OnnxAttributeProto) -> OnnxAttributeProto? {
            var result = proto
            if !proto.refAttrName.isEmpty {
                guard let given = attributes[proto.refAttrName] else { return nil }
                result = given
                result.name = proto.name
            }
            if proto.hasG { result.g = graph(proto.g) }
            return result
        }

        private func graph(_ proto: OnnxGraphProto) -> OnnxGraphProto {
            var graph = proto
            graph.node = proto.node.map(node)
            for index in graph.input.indices {
                graph.input[index].name = name(graph.input[index].name)
            }
            for index in graph.output.indices {
                graph.output[index].name = name(graph.output[index].name)
            }
            for index in graph.initializer.indices {
                graph.initializer[index].name = name(graph.initializer[index].name)
            }
            return graph
        }
    }
}
