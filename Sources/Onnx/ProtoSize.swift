import OnnxFormat

/// What nodes take in memory, their names and the contents of their attributes.
struct ProtoSize {
    private(set) var bytes = 0
    /// Names, each of which may get a prefix.
    private(set) var names = 0
    /// Inputs, outputs and attributes that a caller's may stand for.
    private(set) var references = 0

    /// A message, a text or a list with what holds it.
    private static let entry = 256

    init(_ nodes: [OnnxNodeProto]) {
        for node in nodes { add(node) }
    }

    private mutating func add(_ node: OnnxNodeProto) {
        add(node.name)
        for name in node.input + node.output { add(name) }
        for attribute in node.attribute { add(attribute) }
    }

    private mutating func add(_ name: String) {
        bytes += Self.entry + name.utf8.count
        names += 1
    }

    private mutating func add(_ attribute: OnnxAttributeProto) {
        bytes += Self.entry + attribute.name.utf8.count + attribute.s.count
        bytes += 4 * attribute.floats.count + 8 * attribute.ints.count
        for text in attribute.strings { bytes += Self.entry + text.count }
        if !attribute.refAttrName.isEmpty { references += 1 }
        if attribute.hasT { add(attribute.t) }
        guard attribute.hasG else { return }
        let graph = attribute.g
        for node in graph.node { add(node) }
        for port in graph.input + graph.output { add(port.name) }
        for tensor in graph.initializer {
            add(tensor.name)
            add(tensor)
        }
    }

    private mutating func add(_ tensor: OnnxTensorProto) {
        bytes += Self.entry + tensor.rawData.count
        bytes += 4 * (tensor.floatData.count + tensor.int32Data.count)
        bytes += 8 * (tensor.int64Data.count + tensor.doubleData.count + tensor.uint64Data.count)
        for text in tensor.stringData { bytes += Self.entry + text.count }
    }
}
