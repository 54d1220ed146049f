import Graph

/// Operators between DequantizeLinear and QuantizeLinear compute with the integers themselves.
///
/// Where only what goes in is quantised, a layer still multiplies integers, and its sums become real numbers.
struct QuantizedLayers {
    var graph: EditedGraph
    private let wanted: Set<String>
    let known: KnownValues

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        guard graph.nodes.contains(where: { $0.op == "DequantizeLinear" }) else { return graph }
        var layers = QuantizedLayers(graph: EditedGraph(graph), wanted: wanted, known: known)
        for (index, node) in graph.nodes.enumerated() where node.op == "QuantizeLinear" {
            var next: Int? = index
            while let index = next { next = layers.takeResult(index) }
        }
        for node in graph.nodes where node.op == "Clip" { layers.takeBounds(node) }
        for (index, node) in graph.nodes.enumerated() where Self.isLayer(node) {
            layers.takeLayer(index)
        }
        for index in graph.nodes.indices.reversed()
        where Self.passing.contains(layers.graph[index].op) && layers.isUnread(layers.graph[index])
        {
            layers.graph.remove(index)
        }
        return layers.graph.graph
    }

    private static func isLayer(_ node: Node) -> Bool {
        ["Conv", "Gemm", "MatMul"].contains(node.op)
    }

    /// What may be left over: nobody reads it any longer.
    private static let passing: Set = ["DequantizeLinear", "IntegerFunction", "Slice"]

    /// Operators that move elements or choose among them, whatever they stand for.
    private static let moves: Set = [
        "DepthToSpace", "Flatten", "Identity", "MaxPool", "Reshape", "Slice", "SpaceToDepth",
        "Squeeze", "Transpose", "Unsqueeze",
    ]

    private static let functions: Set = [
        "Abs", "Clip", "Elu", "Exp", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Neg",
        "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Tanh", "ThresholdedRelu",
    ]

    /// Steps of one size from a zero point, in a type of 8 bits.
    struct Steps: Equatable {
        let scale: Float
        let zero: Int
        let type: ElementType
    }

    // MARK: What is quantised

    /// A QuantizeLinear, and what leads to it; returns the place of another that was put before a move.
    private mutating func takeResult(_ index: Int) -> Int? {
        let end = graph[index]
        guard end.op == "QuantizeLinear", let steps = steps(of: end, type: nil), steps.scale > 0,
            let place = graph.soleMaker(end.inputs[0], wanted)
        else { return nil }
        let node = graph[place]
        if Self.moves.contains(node.op), node.outputs.count == 1 {
            return move(node, at: place, before: end, at: index, steps)
        }
        if node.op == "Max" {
            guard var made = maxout(node, steps) else { return nil }
            made.outputs = end.outputs
            graph[index] = made
            graph.remove(place)
            return nil
        }
        var (range, core, covered) = (steps.type.integerRange, place, [place])
        if let bounds = bounds(of: node), let inner = graph.soleMaker(node.inputs[0], wanted) {
            let low = Double(bounds.low / steps.scale).quantised(steps.type, steps.zero)
            let high = Double(bounds.high / steps.scale).quantised(steps.type, steps.zero)
            if Self.isLayer(graph[inner]) || graph[inner].op == "Add", low <= high {
                (range, core, covered) = (low...high, inner, [inner, place])
            }
        }
        guard var made = integerNode(graph[core]) else { return nil }
        made.attributes["y_scale"] = .float(steps.scale)
        made.attributes["y_zero"] = .int(steps.zero)
        made.attributes["y_type"] = .string(steps.type.rawValue)
        made.attributes["y_range"] = .ints([range.lowerBound, range.upperBound])
        (made.name, made.outputs) = (graph[core].name, end.outputs)
        graph[index] = made
        for place in covered { graph.remove(place) }
        return nil
    }

    /// Integers move as real numbers do, where the steps stay the same; else what was moved is quantised before.
    private mutating func move(
        _ node: Node,
        at place: Int,
        before end: Node,
        at index: Int,
        _ steps: Steps
    ) -> Int? {
        if let source = integers(node.inputs[0]), source.steps == steps {
            var moved = node
            (moved.inputs[0], moved.outputs) = (source.name, end.outputs)
            graph[index] = moved
            graph.remove(place)
        } else if node.op != "MaxPool", let maker = graph.soleMaker(node.inputs[0], wanted),
            graph[maker].op != "DequantizeLinear"
        {
            // The order of the two is changed, and what comes before the move is looked at again.
            let name = "\(end.outputs[0])/unmoved"
            var (quantised, moved) = (end, node)
            (quantised.inputs[0], quantised.outputs) = (node.inputs[0], [name])
            (moved.inputs[0], moved.outputs) = (name, end.outputs)
            graph[place] = quantised
            graph[index] = moved
            return place
        }
        return nil
    }

    /// Integers that are kept inside of a range, as Brevitas writes steps of fewer bits, leave the layer so.
    private mutating func takeBounds(_ node: Node) {
        guard let place = graph.soleMaker(node.inputs[0], wanted),
            case .ints(let range) = graph[place].attributes["y_range"], range.count == 2,
            let bounds = graph.integerBounds(node), bounds.overlaps(range[0]...range[1])
        else { return }
        let kept = bounds.clamped(to: range[0]...range[1])
        var layer = graph[place]
        layer.attributes["y_range"] = .ints([kept.lowerBound, kept.upperBound])
        graph.replace(place, with: layer, absorbing: node)
    }

    /// Relu's bounds and Clip's.
    private func bounds(of node: Node) -> (low: Float, high: Float)? {
        if node.op == "Relu" { return (0, .infinity) }
        guard node.op == "Clip", let bounds = graph.clipBounds(node), bounds[0] <= bounds[1] else {
            return nil
        }
        return (bounds[0], bounds[1])
    }

    // MARK: What integers go into

    /// A layer whose result stays real.
    private mutating func takeLayer(_ index: Int) {
        let node = graph[index]
        guard Self.isLayer(node), node.attributes["activation"] == nil,
            var made = integerNode(node)
        else { return }
        (made.name, made.outputs) = (node.name, node.outputs)
        graph[index] = made
    }

    /// The node's counterpart over integers, its result not yet said; nil where there is none.
    private mutating func integerNode(_ node: Node) -> Node? {
        switch node.op {
        case "Conv", "Gemm", "MatMul": layer(node)
        case "Add", "Mul": pair(node)
        case "GlobalAveragePool": mean(node)
        case "Concat": joint(node)
        case let op where Self.functions.contains(op): function(node)
        default: nil
        }
    }

    private mutating func layer(_ node: Node) -> Node? {
        guard let x = integers(node.inputs[0]), node.inputs.count <= 3,
            let weights = graph.constants[node.inputs[1]]?.quantized,
            weights.blockSize == 0, !weights.isTransposed,
            [.int8, .uint8].contains(weights.integers.type)
        else { return nil }
        let isTransposed = node.attributes["transB"] ?? .int(0) == .int(1)
        let axis = node.op == "Conv" || isTransposed ? 0 : 1
        guard weights.integers.shape.rank > axis,
            weights.scales.count == 1 || weights.axis == axis
        else { return nil }
        var bias = ""
        if node.inputs.count == 3, !node.inputs[2].isEmpty {
            bias = node.inputs[2]
            // One for all, or one for each output.
            guard let given = graph.constants[bias], given.type == .float32,
                given.count == 1
                    || given.count == weights.integers.shape[axis]
                        && given.shape.dimensions.last == given.count
            else { return nil }
        }
        if node.op != "Conv" {
            guard weights.integers.shape.rank == 2,
                node.attributes["transA"] ?? .int(0) == .int(0),
                node.attributes["alpha"] ?? .float(1) == .float(1),
                bias.isEmpty || node.attributes["beta"] ?? .float(1) == .float(1)
            else { return nil }
        }
        var made = Node(name: node.name, op: node.op == "Conv" ? "IntegerConv" : "IntegerProduct")
        if node.op == "Conv" {
            made.attributes = node.attributes
        } else {
            made.attributes["transposed"] = .int(isTransposed ? 1 : 0)
        }
        let name = node.inputs[1]
        graph.constants["\(name)/integers"] = weights.integers
        graph.constants["\(name)/scales"] = Tensor(
            shape: [weights.scales.count],
            floats: weights.scales
        )
        graph.constants["\(name)/zeros"] = Tensor(
            shape: [weights.zeros.count],
            integers: weights.zeros
        )
        made.inputs = [x.name, "\(name)/integers", "\(name)/scales", "\(name)/zeros", bias]
        made.take(x.steps.scale, x.steps.zero)
        return made
    }

    // MARK: Integers and their steps

    typealias Integers = (name: String, steps: Steps)

    /// The integers that a value stands for.
    func integers(_ value: String) -> Integers? {
        guard let maker = graph.maker(value), graph[maker].op == "DequantizeLinear",
            let type = known.type(graph[maker].inputs[0]),
            let steps = steps(of: graph[maker], type: type)
        else { return nil }
        return (graph[maker].inputs[0], steps)
    }

    /// The scale and zero point of a node, where there is one of both; `type` is that of what it reads.
    private func steps(of node: Node, type: ElementType?) -> Steps? {
        guard node.attributes["block_size"] ?? .int(0) == .int(0),
            node.attributes["output_dtype"] == nil, let scale = graph.number(node.inputs[1])
        else { return nil }
        let zero =
            node.inputs.count > 2 && !node.inputs[2].isEmpty ? graph.constants[node.inputs[2]] : nil
        guard zero != nil || node.inputs.count < 3 || node.inputs[2].isEmpty else { return nil }
        let own = type ?? zero?.type ?? .uint8
        let number = zero.map { $0.elements.signed?.first ?? .max } ?? 0
        guard [.int8, .uint8].contains(own), own.integerRange.contains(number),
            zero.map({ $0.type == own && $0.count == 1 }) ?? true, scale.isFinite
        else { return nil }
        return Steps(scale: scale, zero: number, type: own)
    }

    private func isUnread(_ node: Node) -> Bool {
        node.outputs.allSatisfy { !wanted.contains($0) && graph.readerCount($0) == 0 }
    }
}
