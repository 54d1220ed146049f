import Engine
import Graph

/// A graph in the words of ONNX's operator set 17, as others read it.
enum OnnxForm {
    private static let opset = 17

    /// - Throws: `shape` for a layer that ONNX has no words for, or a file whose operator set has no scales per channel.
    static func make(_ graph: Graph) throws(ModelError) -> Graph {
        let standard = graph.nodes.filter { !$0.op.contains(".") }
        guard let opset = standard.map(\.opset).min(), opset != Node.newestOpset || standard.isEmpty
        else {
            return try written(graph)
        }
        return opset < 13 ? try raised(graph) : graph
    }

    // MARK: Layers of model.json

    private static func written(_ graph: Graph) throws(ModelError) -> Graph {
        var result = graph
        result.nodes = []
        for node in graph.nodes {
            var node = node
            node.opset = opset
            if node.op == "Maxout" {
                try addMaxout(node, to: &result)
                continue
            }
            if node.op == "OneHot", node.attributes["inside"] == .int(1),
                let depth = graph.constants[node.inputs[1]]?.integers?.first
            {
                node = unitVectors(node, depth: depth, in: &result)
            }
            if node.op == "RNN", case .string(let name)? = node.attributes["activation"],
                ["Tanh", "Relu", "Sigmoid"].contains(name)
            {
                node.attributes["activation"] = nil
                node.attributes["activations"] = .strings([name])
            }
            if node.op == "LSTM" || node.op == "GRU" || node.op == "RNN",
                let shape = graph.constants[node.inputs[2]]?.shape, shape.rank == 3
            {
                node.attributes["hidden_size"] = .int(shape[2])
            }
            guard Operators.isOfOnnx(node) else {
                throw .shape(
                    node: node.name,
                    reason: "ONNX has no \(node.op) as this layer uses it"
                )
            }
            result.nodes.append(node)
        }
        return result
    }

    /// A symbol's unit vector as a row of a table, which engines multiply by weights before they run.
    private static func unitVectors(_ node: Node, depth: Int, in graph: inout Graph) -> Node {
        let table = "\(node.name)/table"
        graph.constants[table] = Tensor(
            shape: [depth, depth],
            floats: (0..<depth * depth).map { $0 / depth == $0 % depth ? 1 : 0 }
        )
        return Node(
            name: node.name,
            op: "Gather",
            opset: opset,
            inputs: [table, node.inputs[0]],
            outputs: node.outputs
        )
    }

    /// Maxout of pairs: the layer before gets its outputs in another order, those that are compared in two halves.
    private static func addMaxout(_ node: Node, to graph: inout Graph) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard node.attributes["group"] ?? .int(2) == .int(2), let place = graph.nodes.indices.last,
            graph.nodes[place].outputs == [node.inputs[0]], !graph.outputs.contains(node.inputs[0]),
            ["Conv", "Gemm"].contains(graph.nodes[place].op),
            graph.nodes[place].attributes["group"] ?? .int(1) == .int(1)
        else { throw fail("maxout is written for pairs of outputs of the Conv or Gemm before it") }
        let axis =
            graph.nodes[place].op == "Conv" || graph.nodes[place].attributes["transB"] == .int(1)
            ? 0 : 1
        for (index, name) in graph.nodes[place].inputs.enumerated().dropFirst() where !name.isEmpty
        {
            guard let tensor = graph.constants[name] else { throw fail("its weights are missing") }
            let own = index == 1 ? axis : 0
            let count = tensor.shape[own]
            guard count % 2 == 0, let values = try tensor.loaded().floats else {
                throw fail("its weights are not of float32, or not pairs")
            }
            let inner = tensor.shape.dimensions[(own + 1)...].reduce(1, *)
            let sources = values.indices.map { place in
                let output = place / inner % count
                let source = output < count / 2 ? 2 * output : 2 * output - count + 1
                return place + (source - output) * inner
            }
            graph.constants[name] = Tensor(
                shape: tensor.shape,
                floats: sources.map { values[$0] }
            )
        }
        guard let count = graph.constants[graph.nodes[place].inputs[1]]?.shape[axis] else { return }
        let bounds = [0, count / 2, count]
        for bound in bounds {
            graph.constants["maxout/\(bound)"] = Tensor(shape: [1], integers: [bound])
        }
        graph.constants["maxout/axis"] = Tensor(shape: [1], integers: [1])
        for part in 0..<2 {
            graph.nodes.append(
                Node(
                    name: "\(node.name).part\(part)",
                    op: "Slice",
                    opset: opset,
                    inputs: [
                        node.inputs[0], "maxout/\(bounds[part])", "maxout/\(bounds[part + 1])",
                        "maxout/axis",
                    ],
                    outputs: ["\(node.name).part\(part)"]
                )
            )
        }
        graph.nodes.append(
            Node(
                name: node.name,
                op: "Max",
                opset: opset,
                inputs: ["\(node.name).part0", "\(node.name).part1"],
                outputs: node.outputs
            )
        )
    }

    // MARK: Files of older operator sets

    /// Operators whose rules are the same in sets 9 to 17.
    private static let lasting: Set = [
        "Add", "AveragePool", "BatchNormalization", "Cast", "Concat", "Constant", "Conv",
        "ConvTranspose", "Div", "Exp", "Flatten", "Gather", "Gemm", "GlobalAveragePool",
        "GlobalMaxPool", "Identity", "LRN", "LSTM", "GRU", "RNN", "LeakyRelu", "MatMul", "MaxPool",
        "Mul", "PRelu", "Relu", "Reshape", "Shape", "Sigmoid", "Sqrt", "Sub", "Tanh", "Transpose",
        "Elu", "InstanceNormalization",
    ]

    private static func raised(_ graph: Graph) throws(ModelError) -> Graph {
        var result = graph
        result.nodes = []
        for node in graph.nodes {
            var node = node
            let old = node.opset
            if node.op.contains(".") {
                result.nodes.append(node)
                continue
            }
            node.opset = opset
            switch node.op {
            case let op where lasting.contains(op) && old >= 7:
                node.attributes["spatial"] = nil
            case "Dropout":
                (node.op, node.attributes) = ("Identity", [:])
                (node.inputs, node.outputs) = ([node.inputs[0]], [node.outputs[0]])
            case "Clip" where node.inputs.count == 1:
                for (name, index) in [("min", 1), ("max", 2)] {
                    guard case .float(let bound)? = node.attributes.removeValue(forKey: name) else {
                        continue
                    }
                    while node.inputs.count < index { node.inputs.append("") }
                    let constant = "\(node.name)/\(name)"
                    result.constants[constant] = Tensor(shape: [], floats: [bound])
                    node.inputs.append(constant)
                }
            case "Unsqueeze", "Squeeze":
                guard case .ints(let axes)? = node.attributes.removeValue(forKey: "axes") else {
                    break
                }
                result.constants["\(node.name)/axes"] = Tensor(shape: [axes.count], integers: axes)
                node.inputs.append("\(node.name)/axes")
            default:
                throw .shape(
                    node: node.name,
                    reason:
                        "\(node.op) of operator set \(old) is not that of set 13, which has scales "
                        + "for each channel: raise the file's set first, with onnx.version_converter"
                )
            }
            result.nodes.append(node)
        }
        return result
    }
}
