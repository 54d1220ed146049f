import Graph

/// Factors of channels beside integers go into the kernels of the layers there, which have a scale for each channel anyway.
///
/// `ChannelSteps` writes them: a quotient between a convolution and QuantizeLinear, a product between DequantizeLinear
/// and depthwise convolutions.
struct ChannelScales {
    private var graph: EditedGraph
    private let wanted: Set<String>

    static func apply(to graph: Graph, wanted: Set<String>) -> Graph {
        guard graph.nodes.contains(where: { $0.op == "DequantizeLinear" }) else { return graph }
        var scales = ChannelScales(graph: EditedGraph(graph), wanted: wanted)
        for (index, node) in graph.nodes.enumerated() {
            if node.op == "QuantizeLinear" { scales.takeQuotient(before: node) }
            if node.op == "Conv" { scales.takeProduct(before: index) }
        }
        return scales.graph.graph
    }

    /// The layer before a quotient gives numbers in steps of 1, if between them is nothing that needs to know their size.
    private mutating func takeQuotient(before end: Node) {
        guard let place = graph.soleMaker(end.inputs[0], wanted), graph[place].op == "Div",
            let (scales, rank) = factors(of: graph[place]),
            let last = graph.soleMaker(graph[place].inputs[0], wanted),
            let conv = layer(last, end, scales), let weights = kernels(of: graph[conv]),
            weights.integers.shape.rank == rank, weights.integers.shape[0] == scales.count,
            let scaled = weights.scaled({ 1 / scales[$0] })
        else { return }
        let quotient = graph[place]
        var layer = graph[conv]
        if layer.inputs.count > 2, !layer.inputs[2].isEmpty {
            guard let bias = graph.constants[layer.inputs[2]]?.floats, bias.count == scales.count
            else { return }
            layer.inputs[2] = "\(layer.layer)/bias in steps"
            graph.constants[layer.inputs[2]] = Tensor(
                shape: [bias.count],
                floats: zip(bias, scales).map { $0 / $1 }
            )
        }
        layer.inputs[1] = "\(layer.layer)/kernels in steps"
        graph.constants[layer.inputs[1]] = scaled.tensor
        graph[conv] = layer
        var end = graph[last]
        if end.op == "Clip" {
            (end.op, end.inputs, end.attributes) = ("Relu", [end.inputs[0]], [:])
        }
        graph.replace(last, with: end, absorbing: quotient)
    }

    /// The convolution that makes a value, negative sums left out, or large ones that integers do not reach.
    private func layer(_ place: Int, _ end: Node, _ scales: [Float]) -> Int? {
        let node = graph[place]
        if node.op == "Clip" {
            guard let bounds = graph.clipBounds(node), bounds[0] == 0,
                let steps = graph.constants[end.inputs.count > 2 ? end.inputs[2] : ""],
                let zero = steps.elements.signed?.first,
                scales.allSatisfy({
                    bounds[1] / $0 + Float(zero) >= Float(steps.type.integerRange.upperBound)
                })
            else { return nil }
        } else if node.op != "Relu" {
            return node.op == "Conv" && node.inputs.count < 4 ? place : nil
        }
        guard let inner = graph.soleMaker(node.inputs[0], wanted), graph[inner].op == "Conv",
            graph[inner].inputs.count < 4
        else { return nil }
        return inner
    }

    /// A depthwise convolution reads the integers' own numbers.
    private mutating func takeProduct(before index: Int) {
        var conv = graph[index]
        guard let place = graph.maker(conv.inputs[0]), graph[place].op == "Mul",
            let (scales, rank) = factors(of: graph[place]),
            let source = graph.maker(graph[place].inputs[0]),
            graph[source].op == "DequantizeLinear",
            conv.attributes["group"] == .int(scales.count),
            let weights = kernels(of: conv), weights.integers.shape.rank == rank,
            weights.integers.shape[1] == 1,
            weights.integers.shape[0] % scales.count == 0,
            case let each = weights.integers.shape[0] / scales.count, each > 0,
            let scaled = weights.scaled({ scales[$0 / each] })
        else { return }
        conv.inputs[0] = graph[place].inputs[0]
        conv.inputs[1] = "\(conv.layer)/kernels of steps"
        graph.constants[conv.inputs[1]] = scaled.tensor
        graph[index] = conv
        let product = graph[place]
        if product.outputs.allSatisfy({ !wanted.contains($0) && graph.readerCount($0) == 0 }) {
            graph.remove(place)
        }
    }

    /// The positive numbers of a second operand [C, 1, …] that is constant, and the rank of what has these channels.
    private func factors(of node: Node) -> (numbers: [Float], rank: Int)? {
        guard node.inputs.count == 2, let constant = graph.constants[node.inputs[1]],
            constant.shape.rank > 1, constant.shape.dimensions.dropFirst().allSatisfy({ $0 == 1 }),
            let numbers = constant.floats, numbers.allSatisfy({ $0.isNormal && $0 > 0 })
        else { return nil }
        return (numbers, constant.shape.rank + 1)
    }

    /// Constant kernels of integers, with one scale or one for each output.
    private func kernels(of conv: Node) -> QuantizedNumbers? {
        guard let weights = graph.constants[conv.inputs[1]]?.quantized,
            weights.blockSize == 0, !weights.isTransposed, weights.integers.shape.rank > 2,
            weights.scales.count == 1 || weights.axis == 0
        else { return nil }
        return weights
    }
}

extension QuantizedNumbers {
    /// Each slice along the first axis times a factor of its own.
    fileprivate func scaled(_ factor: (_ slice: Int) -> Float) -> QuantizedNumbers? {
        let slices = integers.shape[0]
        let isShared = scales.count == 1
        return QuantizedNumbers(
            integers: integers,
            scales: (0..<slices).map { (isShared ? scales[0] : scales[$0]) * factor($0) },
            zeros: (0..<slices).map { isShared ? zeros[0] : zeros[$0] },
            axis: 0
        )
    }
}
