import Graph

/// LSTMs as onnxruntime's DynamicQuantizeLSTM: weights of int8 with a scale for each gate's unit.
enum QuantisedCells {
    static func apply(to graph: Graph, except kept: Set<String>) throws(ModelError) -> Graph {
        var result = graph
        for (index, node) in graph.nodes.enumerated()
        where graph.isIntegerCell(node) && !kept.contains(node.layer) {
            var cell = node
            cell.op = "com.microsoft.DynamicQuantizeLSTM"
            cell.opset = 1
            while cell.inputs.count < 8 { cell.inputs.append("") }
            for input in 1...2 {
                let name = node.inputs[input]
                guard let tensor = try graph.constants[name]?.loaded(), let values = tensor.floats
                else { continue }
                // [D, gates, inputs], a scale for each gate of each direction.
                let (directions, gates, inputs) = (
                    tensor.shape[0], tensor.shape[1], tensor.shape[2]
                )
                let rounded = QuantisedWeights(
                    values,
                    [directions * gates, inputs],
                    axis: 0
                )
                let size = gates * inputs
                let integers = Tensor(
                    shape: [directions, inputs, gates],
                    elements: .int8(
                        rounded.integers.indices.map { place in
                            let (direction, rest) = place.quotientAndRemainder(dividingBy: size)
                            let own = rest % gates * inputs + rest / gates
                            return rounded.integers[direction * size + own]
                        }
                    )
                )
                result.constants["\(name)/integers"] = integers
                result.constants["\(name)/scale"] = Tensor(
                    shape: [directions, gates],
                    floats: rounded.scales
                )
                result.constants["\(name)/zero"] = Tensor(
                    shape: [directions, gates],
                    elements: .int8(Array(repeating: 0, count: directions * gates))
                )
                cell.inputs[input] = "\(name)/integers"
                cell.inputs += ["\(name)/scale", "\(name)/zero"]
            }
            result.nodes[index] = cell
        }
        let read = result.namesRead
        result.constants = result.constants.filter { read.contains($0.key) }
        return result
    }
}

extension Graph {
    /// Whether a node is an LSTM with constant weights that onnxruntime's operator can do.
    func isIntegerCell(_ node: Node) -> Bool {
        node.op == "LSTM" && node.inputs.count >= 3
            && node.attributes["layout"] ?? .int(0) == .int(0)
            && node.inputs[1...2].allSatisfy {
                constants[$0]?.type == .float32 && constants[$0]?.shape.rank == 3
            }
    }
}
