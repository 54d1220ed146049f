import Engine
import Graph

/// Layers written by hand in model.json, in ONNX's words with a few short forms, as a graph.
///
/// A layer reads the one before it unless `inputs` says otherwise. Fields become attributes of the same
/// name; the operator refuses those it does not know. Short forms: `kernel`, `padding` ("valid", "same",
/// "full" or [top, left, bottom, right]), `groups`, `hidden`, `channels` and `units` (checked against the
/// weights), and `bank` of a Gabor layer.
struct LayerStack {
    private(set) var graph = Graph()
    private(set) var layers: [Layer] = []
    private(set) var states: [StatePair] = []
    /// The first layer that reads backward, so that the model needs whole sequences.
    private(set) var backwardLayer: String?
    private var weights: [String: Tensor]
    private let manifest: Manifest
    /// Names of layers with mistakes, which have no value.
    private var missing: Set<String> = []

    /// A layer as the user named it.
    struct Layer: Sendable {
        let name: String
        let op: String
        let parameters: Int
    }

    init(
        _ objects: [JSONFields],
        manifest: Manifest,
        weights: [String: Tensor]
    ) throws(ModelError) {
        self.weights = weights
        self.manifest = manifest
        addInput()
        var previous = manifest.input.name
        for (index, object) in objects.enumerated() {
            var object = object
            let number = index + 1
            let name =
                object.attempt { (object) throws(ModelError) in
                    try add(object, after: previous, number: number)
                } ?? nil
            // The layers after one with a mistake are read as if it were there.
            previous = name ?? object.layerName(number)
            if name == nil { missing.insert(previous) }
        }
        guard missing.isEmpty else { return }
        if let stray = self.weights.keys.sorted().first {
            throw .invalidWeights("no layer uses the tensor \"\(stray)\"")
        }
        graph.outputs = manifest.outputs.isEmpty ? [previous] : manifest.outputs
        let known = Set(graph.valueNames)
        for name in graph.outputs + [manifest.featuresLayer, manifest.logits].compactMap({ $0 })
        where !known.contains(name) {
            throw .unknownLayer(name, available: layers.map(\.name))
        }
    }

    /// Of a kernel or a padding: one over time, two over a picture.
    private var spatialAxes: Int {
        if case .series = manifest.input { 1 } else { 2 }
    }

    private mutating func addInput() {
        switch manifest.input {
        case .image(let name, let channels, let height, let width):
            graph.inputs = [
                Graph.Input(
                    name: name,
                    type: .float32,
                    dimensions: [nil, channels, height, width]
                )
            ]
        case .series(let name, let channels, let length):
            graph.inputs = [
                Graph.Input(name: name, type: .float32, dimensions: [nil, channels, length])
            ]
        case .tokens(let name, _), .clock(let name):
            graph.inputs = [Graph.Input(name: name, type: .int64, dimensions: [nil, nil])]
        case .tensors: break
        }
        guard let tree = manifest.tree else { return }
        graph.inputs += [(tree.children, 2 * tree.width), (tree.node, tree.width)].map {
            Graph.Input(name: $0.0, type: .float32, dimensions: [nil, $0.1])
        }
    }

    /// Adds one layer and returns the name of its value.
    private mutating func add(
        _ object: JSONFields,
        after previous: String,
        number: Int
    ) throws(ModelError) -> String? {
        var object = object
        let name = object.layerName(number)
        guard !Self.noteWords(object, number: number) else { return nil }
        let op = try object.requiredString("op")
        _ = try object.string("name")
        guard !layers.contains(where: { $0.name == name }),
            !graph.inputs.contains(where: { $0.name == name })
        else {
            throw object.mismatch("name", "a name no other layer has", .string(name))
        }
        object.call(name)
        guard let parameters = Operators.parameters(of: op) else {
            throw .unsupportedOperator(node: name, op: op)
        }
        var node = Node(name: name, op: op, outputs: [name])
        node.inputs = try object.strings("inputs") ?? [previous]
        let known = Set(graph.valueNames + graph.inputs.map(\.name)).union(missing)
        for input in node.inputs where !known.contains(input) {
            throw object.mismatch("inputs", "names of earlier layers", .string(input))
        }
        let module = try object.string("torch")
        let torchLayer = try object.int("torch_layer", minimum: 0) ?? 0
        var sizes = LayerSizes()
        node.attributes = try LayerFields(layer: name, op: op, axes: spatialAxes)
            .read(&object, sizes: &sizes)
        if let module {
            let torch = TorchWeights(module: module, layer: torchLayer)
            let found = try torch.take(for: op, &node.attributes, from: &weights)
            for (parameter, tensor) in found { weights["\(name).\(parameter)"] = tensor }
        }
        let count = try takeWeights(of: &node, parameters, sizes: sizes)
        layers.append(Layer(name: name, op: op, parameters: count))
        try append(node)
        // Attributes that are missing or wrong are found now, not when the first request comes.
        try Operators.check(graph.nodes.first { $0.name == name } ?? node)
        return name
    }

    /// Notes fields that other libraries have, and an operator nobody knows; whether there is one.
    @discardableResult
    static func noteWords(_ object: JSONFields, number: Int) -> Bool {
        var object = object
        let name = object.layerName(number)
        object.call(name)
        let isForeign = object.noteForeignWords(Mistakes.synonyms)
        let isKnown: Void? = object.attempt { (object) throws(ModelError) in
            guard let op = try object.string("op"), Operators.parameters(of: op) == nil else {
                return
            }
            guard let likely = OperatorNames.likely(op) else {
                throw .unsupportedOperator(node: name, op: op)
            }
            throw object.mismatch("op", "ONNX's name, maybe \"\(likely)\"", .string(op))
        }
        return isForeign || isKnown == nil
    }

    /// Binds `<layer>.<parameter>` tensors and returns how many numbers they hold.
    private mutating func takeWeights(
        of node: inout Node,
        _ parameters: [String],
        sizes: LayerSizes
    ) throws(ModelError) -> Int {
        var count = 0
        for (index, parameter) in parameters.enumerated() {
            let key = "\(node.name).\(parameter)"
            guard let tensor = weights.removeValue(forKey: key) else {
                if index > 0, ["bias", "B"].contains(parameter) {
                    if index < parameters.count - 1 { node.inputs.append("") }
                    continue
                }
                throw .invalidWeights("the tensor \"\(key)\" is missing")
            }
            if index == 0 { try sizes.check(tensor.shape, layer: node.name) }
            if parameter == "V" { try sizes.checkUnits(tensor.shape, layer: node.name) }
            graph.constants[key] = tensor
            node.inputs.append(key)
            count += tensor.shape.count
        }
        return count
    }

    /// Adds the node, or the few ONNX nodes that a layer over sequences stands for.
    private mutating func append(_ node: Node) throws(ModelError) {
        switch (node.op, manifest.input.symbolCount) {
        case ("RNN", _), ("LSTM", _), ("GRU", _):
            try appendRecurrent(node)
        case ("Jordan", _):
            appendJordan(node)
        case ("Gemm", .some):
            try appendConnected(node)
        case ("OneHot", let depth?):
            var node = node
            node.inputs += ["\(node.name).depth", "\(node.name).values"]
            graph.constants["\(node.name).depth"] = Tensor(shape: [], integers: [depth])
            graph.constants["\(node.name).values"] = Tensor(shape: [2], floats: [0, 1])
            node.attributes["inside"] = .int(1)
            graph.nodes.append(node)
        case ("Gather", _):
            // ONNX has the table first; a layer reads its indices from the layer before it.
            var node = node
            node.inputs.reverse()
            graph.nodes.append(node)
        case ("Maxout", nil) where manifest.input.isSeries,
            ("ChannelL2", nil) where manifest.input.isSeries:
            // Channels come before time: [N, C, L].
            var node = node
            if node.attributes["axis"] == nil { node.attributes["axis"] = .int(1) }
            graph.nodes.append(node)
        case ("Gemm", nil):
            var node = node
            node.attributes["transB"] = .int(1)
            graph.nodes.append(node)
        default:
            graph.nodes.append(node)
        }
    }

    /// A connected layer at every step: MatMul with [inputs, units], then Add.
    private mutating func appendConnected(_ node: Node) throws(ModelError) {
        let key = node.inputs[1]
        guard let weights = graph.constants[key], let values = weights.floats,
            weights.shape.rank == 2
        else { throw .invalidWeights("\"\(key)\" must be a matrix [units, inputs]") }
        let (units, inputs) = (weights.shape[0], weights.shape[1])
        var transposed = [Float](repeating: 0, count: values.count)
        for unit in 0..<units {
            for input in 0..<inputs {
                transposed[input * units + unit] = values[unit * inputs + input]
            }
        }
        graph.constants[key] = Tensor(shape: [inputs, units], floats: transposed)
        var product = node
        product.op = "MatMul"
        guard node.inputs.count > 2 else {
            graph.nodes.append(product)
            return
        }
        product.inputs = Array(node.inputs[..<2])
        product.outputs = ["\(node.name).product"]
        graph.nodes.append(product)
        graph.nodes.append(
            Node(
                name: "\(node.name).bias",
                op: "Add",
                inputs: ["\(node.name).product", node.inputs[2]],
                outputs: node.outputs
            )
        )
    }
}

extension LayerStack {
    mutating func append(node: Node) { graph.nodes.append(node) }

    mutating func addConstant(_ name: String, _ tensor: Tensor) { graph.constants[name] = tensor }

    /// A state that goes on between calls; `count` numbers.
    mutating func addState(_ input: String, _ output: String, count: Int) {
        graph.inputs.append(
            Graph.Input(name: input, type: .float32, dimensions: [1, nil, count])
        )
        states.append(
            StatePair(input: input, output: output, shape: [1, 1, count], batchAxis: 1)
        )
    }

    mutating func readsBackward(_ layer: String) { backwardLayer = backwardLayer ?? layer }
}

/// A recurrent state: a graph input, the output that continues it, and how many numbers it holds.
struct StatePair: Sendable {
    let input: String
    let output: String
    /// Of one sequence.
    let shape: Shape
    /// Along which those of several sequences lie side by side; nil where that is not known.
    let batchAxis: Int?

    var count: Int { shape.count }
}

extension JSONFields {
    /// The name of a layer, said or made of its operator and its number.
    fileprivate func layerName(_ number: Int) -> String {
        var fields = self
        let op = (try? fields.string("op")) ?? ""
        return (try? fields.string("name")) ?? "\(op.lowercased())\(number)"
    }
}
