import Graph

/// Factors and addends for each output channel behind a layer become part of its weights and bias.
///
/// BatchNormalization behind a convolution has a rewrite of its own, Add behind a product too; these are the others:
/// Mul, Add, Sub and Div by constants behind a convolution, and all of them behind a connected layer.
struct ChannelFactors {
    private static let ends: Set = ["Mul", "Add", "Sub", "Div", "BatchNormalization"]
    private static let layers: Set = ["Conv", "Gemm", "MatMul"]

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        var result = EditedGraph(graph)
        for (index, node) in graph.nodes.enumerated() where ends.contains(node.op) {
            let places = node.op == "BatchNormalization" ? [0] : Array(node.inputs.indices)
            for own in places {
                guard node.inputs.count >= 2, result[index].op == node.op,
                    let place = result.soleMaker(node.inputs[own], wanted),
                    let layer = Layer(result[place], result),
                    let shape = known.floats(node.outputs[0]),
                    shape == known.shape(node.inputs[own]),
                    let affine = affine(node, input: own, of: layer, rank: shape.rank, result),
                    let changed = layer.changed(by: affine, as: node, &result)
                else { continue }
                result.replace(place, with: changed, absorbing: node)
                break
            }
        }
        return result.graph
    }

    /// scale · y + shift.
    fileprivate struct Affine {
        var scale: [Float]
        var shift: [Float]
    }

    /// A layer with constant weights whose sums nothing has been done to yet.
    fileprivate struct Layer {
        let node: Node
        let weights: Tensor
        let channels: Int
        let isConvolution: Bool
        /// Whether the weights of a channel lie side by side.
        let isChannelMajor: Bool

        init?(_ node: Node, _ graph: EditedGraph) {
            let own: Set = ["activation", "connections"]
            guard layers.contains(node.op), (2...3).contains(node.inputs.count),
                node.attributes.keys.allSatisfy({ !own.contains($0) }),
                let weights = graph.constants[node.inputs[1]], weights.type == .float32
            else { return nil }
            self.node = node
            self.weights = weights
            isConvolution = node.op == "Conv"
            if isConvolution {
                guard weights.shape.rank >= 3 else { return nil }
                isChannelMajor = true
                channels = weights.shape[0]
            } else {
                let ones: [Attribute?] = [nil, .float(1)]
                guard weights.shape.rank == 2, node.attributes["transA"] ?? .int(0) == .int(0),
                    ones.contains(node.attributes["alpha"]), ones.contains(node.attributes["beta"])
                else { return nil }
                isChannelMajor = node.attributes["transB"] == .int(1)
                channels = weights.shape[isChannelMajor ? 0 : 1]
            }
        }
    }

    /// What a node does to each channel of its input; nil where that is not known.
    private static func affine(
        _ node: Node,
        input own: Int,
        of layer: Layer,
        rank: Int,
        _ graph: EditedGraph
    ) -> Affine? {
        let count = layer.channels
        if node.op == "BatchNormalization" {
            var attributes = AttributeReader(node)
            guard rank == 2, !layer.isConvolution, node.outputs.count == 1,
                node.inputs.count == 5, node.attributes["spatial"] == nil,
                let epsilon = try? BatchNormalization(&attributes).epsilon,
                let channels = try? AffineChannels(
                    node,
                    epsilon: epsilon,
                    constant: { graph.constants[node.inputs[$0]]?.floats }
                ), channels.scale.count == count
            else { return nil }
            return Affine(scale: channels.scale, shift: channels.shift)
        }
        guard node.inputs.count == 2, let constant = graph.constants[node.inputs[1 - own]],
            let values = numbers(constant, count, axis: layer.isConvolution ? 1 : rank - 1, rank)
        else { return nil }
        let (ones, zeros) = (
            [Float](repeating: 1, count: count), [Float](repeating: 0, count: count)
        )
        switch node.op {
        case "Mul": return Affine(scale: values, shift: zeros)
        case "Div" where own == 0 && !values.contains(0):
            return Affine(scale: values.map { 1 / $0 }, shift: zeros)
        case "Add": return Affine(scale: ones, shift: values)
        case "Sub" where own == 0: return Affine(scale: ones, shift: values.map { -$0 })
        case "Sub": return Affine(scale: ones.map { -$0 }, shift: values)
        default: return nil
        }
    }

    /// A constant as one number for each channel.
    private static func numbers(
        _ constant: Tensor,
        _ count: Int,
        axis: Int,
        _ rank: Int
    ) -> [Float]? {
        guard constant.count == 1 || constant.count == count, constant.shape.rank <= rank,
            let values = constant.floats
        else { return nil }
        if values.count == 1 { return Array(repeating: values[0], count: count) }
        let place = axis - (rank - constant.shape.rank)
        guard place >= 0, constant.shape[place] == count else { return nil }
        return values
    }
}

extension ChannelFactors.Layer {
    /// The layer that computes what `end` makes of this one's results.
    fileprivate func changed(
        by affine: ChannelFactors.Affine,
        as end: Node,
        _ graph: inout EditedGraph
    ) -> Node? {
        let finite = (affine.scale + affine.shift).allSatisfy(\.isFinite)
        let hasBias = node.inputs.count > 2 && !node.inputs[2].isEmpty
        let given = hasBias ? graph.constants[node.inputs[2]] : nil
        guard finite, hasBias == (given != nil),
            given.map({ $0.shape.dimensions.last == channels }) ?? true
        else {
            return nil
        }
        let bias = given?.floats ?? [Float](repeating: 0, count: channels)
        guard bias.count == channels else { return nil }
        var result = node
        if affine.scale.contains(where: { $0 != 1 }) {
            guard let scaled = scaled(affine.scale) else { return nil }
            result.inputs[1] = "\(end.outputs[0])/weight"
            graph.constants[result.inputs[1]] = scaled
        }
        let sums = bias.indices.map { bias[$0] * affine.scale[$0] + affine.shift[$0] }
        result.inputs = [result.inputs[0], result.inputs[1], "\(end.outputs[0])/bias"]
        graph.constants[result.inputs[2]] = Tensor(shape: [channels], floats: sums)
        return result
    }

    private func scaled(_ scale: [Float]) -> Tensor? {
        if isChannelMajor {
            let each = weights.count / max(channels, 1)
            return weights.storedFloats.map {
                Tensor(shape: weights.shape, stored: $0.scaled(by: scale, each: each))
            }
        }
        return weights.mapFloats(weights.shape) { values in
            var scaled = values
            for index in scaled.indices { scaled[index] *= scale[index % scale.count] }
            return scaled
        }
    }
}
