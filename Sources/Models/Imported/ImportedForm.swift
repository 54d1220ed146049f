import Engine
import Graph

extension NetworkForm {
    /// Larger networks are not drawn.
    private static let mostNodes = 20_000

    /// An ONNX file's nodes as layers: those that the answers depend on and that reach them from an input.
    ///
    /// Not layers of their own are sizes that are computed, casts, quantising and back, and around layers with a state the
    /// permutations that they need.
    init(importing graph: Graph, _ manifest: Manifest, states: [StatePair]) {
        let name = manifest.input.name
        guard graph.nodes.count <= Self.mostNodes else {
            self.init(inputName: name, input: [:], layers: [], tree: [:])
            return
        }
        var drawing = DrawnNodes(graph, states: states)
        drawing.read(from: name, to: manifest.outputs)
        self.init(
            inputName: name,
            input: Self.input(manifest.input, graph),
            layers: drawing.layers,
            tree: [:]
        )
    }

    private static func input(_ input: Manifest.Input, _ graph: Graph) -> [String: Attribute] {
        var fields: [String: Attribute] = [:]
        switch input {
        case .image(_, let channels, let height, let width):
            fields["channels"] = .int(channels)
            fields["height"] = height.map(Attribute.int)
            fields["width"] = width.map(Attribute.int)
        case .series(_, let channels, let length):
            (fields["channels"], fields["series"]) = (.int(channels), .int(1))
            fields["length"] = length.map(Attribute.int)
        case .tokens: fields["vocabulary"] = .string("")
        case .tensors(let name):
            fields["shape"] = graph.inputs.first { $0.name == name }?.example ?? .ints([])
        case .clock: break
        }
        return fields
    }
}

/// The nodes of a graph that a drawing shows, and what each reads.
private struct DrawnNodes {
    let graph: Graph
    let states: [StatePair]
    private(set) var layers: [NetworkForm.Layer] = []
    /// The layer or the input that makes a value.
    private var makers: [String: String] = [:]
    /// Values that are computed from shapes alone.
    private var sizes: Set<String> = []
    private let isRecurrent: Bool

    private static let passed: Set = [
        "Cast", "CastLike", "DequantizeLinear", "DynamicQuantizeLinear", "Dropout", "Identity",
        "QuantizeLinear",
    ]
    private static let moved: Set = ["Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"]

    init(_ graph: Graph, states: [StatePair]) {
        (self.graph, self.states) = (graph, states)
        isRecurrent = graph.nodes.contains { ["GRU", "LSTM", "RNN"].contains($0.op) }
    }

    mutating func read(from name: String, to outputs: [String]) {
        makers[name] = name
        let read = needed(by: outputs)
        for input in graph.inputs where input.name != name && read.contains(input.name) {
            guard !states.contains(where: { $0.input == input.name }) else { continue }
            makers[input.name] = input.name
            layers.append(
                NetworkForm.Layer(
                    name: input.name,
                    op: "Input",
                    inputs: [],
                    fields: ["shape": input.example]
                )
            )
        }
        for node in graph.nodes where node.outputs.contains(where: read.contains) {
            add(node, read)
        }
    }

    /// Names of all values that the outputs depend on.
    private func needed(by outputs: [String]) -> Set<String> {
        var needed = Set(outputs)
        for node in graph.nodes.reversed() where node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.valuesRead)
        }
        return needed
    }

    private mutating func add(_ node: Node, _ needed: Set<String>) {
        let given = node.valuesRead.filter { !$0.isEmpty && graph.constants[$0] == nil }
        if ["Shape", "Size"].contains(node.op)
            || !given.isEmpty && given.allSatisfy(sizes.contains)
        {
            sizes.formUnion(node.outputs)
            return
        }
        var sources: [String] = []
        for value in given {
            if let maker = makers[value], !sources.contains(maker) { sources.append(maker) }
        }
        guard let first = sources.first else { return }
        let isJoined = isRecurrent && sources.count == 1 && isBias(node, of: first)
        if isJoined { layers[layers.count - 1].joined.append(node.layer) }
        let isPassed =
            isJoined || Self.passed.contains(node.op)
            || isRecurrent && sources.count == 1 && Self.moved.contains(node.op)
        for output in node.outputs { makers[output] = isPassed ? first : node.layer }
        guard !isPassed else { return }
        layers.append(
            NetworkForm.Layer(
                name: node.layer,
                op: node.op,
                inputs: sources,
                fields: fields(of: node, needed)
            )
        )
    }

    /// Whether a node adds constants to a product.
    private func isBias(_ node: Node, of source: String) -> Bool {
        node.op == "Add" && layers.last?.name == source
            && ["Gemm", "MatMul"].contains(layers.last?.op)
    }

    /// Attributes in the words of model.json.
    private func fields(of node: Node, _ needed: Set<String>) -> [String: Attribute] {
        var fields: [String: Attribute] = [:]
        let words = [
            "kernel_shape": "kernel", "strides": "strides", "dilations": "dilations",
            "pads": "padding", "group": "groups", "hidden_size": "hidden",
            "direction": "direction",
        ]
        for (attribute, word) in words { fields[word] = node.attributes[attribute] }
        if case .ints(let pads) = fields["padding"], Set(pads).count == 1 {
            fields["padding"] = .ints([pads[0]])
        }
        if node.op == "Conv", fields["kernel"] == nil, node.inputs.count > 1,
            let weights = graph.constants[node.inputs[1]], weights.shape.rank > 2
        {
            fields["kernel"] = .ints(Array(weights.shape.dimensions.dropFirst(2)))
        }
        guard ["GRU", "LSTM", "RNN"].contains(node.op) else { return fields }
        if case .strings(let names) = node.attributes["activations"], let first = names.first {
            fields["activation"] = .string(first)
        }
        // The first output holds all steps.
        if let all = node.outputs.first, !needed.contains(all) {
            fields["returns"] = .string("last")
        }
        return fields
    }
}

extension Graph.Input {
    /// The sizes of one example: the first axis is the batch, mostly; sizes that may vary are 0.
    fileprivate var example: Attribute { .ints(dimensions.dropFirst().map { $0 ?? 0 }) }
}

extension Node {
    /// Its inputs, and what graphs inside of it read.
    fileprivate var valuesRead: [String] {
        var values = inputs
        for attribute in attributes.values {
            guard case .graph(let body) = attribute else { continue }
            let made = Set(body.nodes.flatMap(\.outputs))
            let read = body.nodes.flatMap(\.valuesRead) + body.outputs
            values += read.filter { !made.contains($0) }
        }
        return values
    }
}
