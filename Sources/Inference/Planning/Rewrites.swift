import Compute

/// Changes of a graph that keep its meaning and save work; each a pure function.
enum Rewrites {
    /// Values in `wanted` are answers and stay as they are.
    static func apply(to graph: Graph, wanted: Set<String>) throws(ModelError) -> Graph {
        var graph = try foldBatchNormalization(graph, wanted: wanted)
        graph = fuseBias(graph, wanted: wanted)
        graph = fuseAddition(graph, wanted: wanted)
        graph = fuseActivations(graph, wanted: wanted)
        graph = fuseOneHot(graph, wanted: wanted)
        return fuseEmbedding(graph, wanted: wanted)
    }

    /// Conv → BatchNormalization: scales the kernels and shifts the bias instead.
    static func foldBatchNormalization(
        _ graph: Graph,
        wanted: Set<String>
    ) throws(ModelError) -> Graph {
        var result = graph
        for node in graph.nodes where node.op == "BatchNormalization" {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: ["Conv"]),
                result.nodes[producer].attributes["activation"] == nil,
                result.nodes[producer].attributes["connections"] == nil,
                let weights = result.constants[result.nodes[producer].inputs[1]]
            else { continue }
            var attributes = AttributeReader(node)
            let epsilon = try BatchNormalization(&attributes).epsilon
            let affine = try AffineChannels(node, epsilon: epsilon) { index in
                index < node.inputs.count ? result.constants[node.inputs[index]]?.floats : nil
            }
            let outputs = weights.shape[0]
            guard affine.scale.count == outputs else { continue }
            var conv = result.nodes[producer]
            let hasBias = conv.inputs.count > 2 && !conv.inputs[2].isEmpty
            let bias = hasBias ? result.constants[conv.inputs[2]]?.floats : nil
            guard hasBias == (bias != nil) else { continue }
            let perOutput = weights.count / max(outputs, 1)
            let name = "\(conv.name)+\(node.name)"
            guard let stored = weights.storedFloats else { continue }
            result.constants["\(name).weight"] = Tensor(
                shape: weights.shape,
                stored: stored.scaled(by: affine.scale, each: perOutput)
            )
            result.constants["\(name).bias"] = Tensor(
                shape: [outputs],
                floats: (0..<outputs).map { channel in
                    (bias?[channel] ?? 0) * affine.scale[channel] + affine.shift[channel]
                }
            )
            conv.inputs = [conv.inputs[0], "\(name).weight", "\(name).bias"]
            result.replace(producer, with: conv, absorbing: node)
        }
        return result
    }

    /// MatMul → Add of one constant per unit: the bias of a connected layer.
    static func fuseBias(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = graph
        for node in graph.nodes where node.op == "Add" && node.inputs.count == 2 {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: ["MatMul"]),
                result.nodes[producer].inputs.count == 2,
                let weights = result.constants[result.nodes[producer].inputs[1]],
                weights.shape.rank == 2,
                let bias = result.constants[node.inputs[1]],
                bias.shape.rank == 1, bias.shape[0] == weights.shape[1]
            else { continue }
            var product = result.nodes[producer]
            product.inputs.append(node.inputs[1])
            result.replace(producer, with: product, absorbing: node)
        }
        return result
    }

    /// Conv → Add of a computed value, as in residual networks: the convolution's fourth input.
    static func fuseAddition(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = graph
        for node in graph.nodes where node.op == "Add" && node.inputs.count == 2 {
            let candidates = [(0, 1), (1, 0)].compactMap { (own, other) -> (Int, String)? in
                var turned = node
                turned.inputs = [node.inputs[own]]
                guard result.constants[node.inputs[other]] == nil,
                    let producer = result.soleProducer(of: turned, wanted: wanted, ops: ["Conv"]),
                    result.nodes[producer].attributes["activation"] == nil,
                    result.nodes[producer].attributes["connections"] == nil,
                    result.nodes[producer].inputs.count < 4
                else { return nil }
                return (producer, node.inputs[other])
            }
            guard let (producer, other) = candidates.max(by: { $0.0 < $1.0 }),
                let index = result.nodes.firstIndex(where: { $0.outputs == node.outputs })
            else { continue }
            var fused = result.nodes[producer]
            fused.inputs += Array(repeating: "", count: 3 - fused.inputs.count) + [other]
            (fused.name, fused.outputs) = (node.name, node.outputs)
            // Only where the addition stood are both operands known.
            result.nodes[index] = fused
            result.nodes.remove(at: producer)
        }
        return result
    }

    /// Conv, Gemm or MatMul → Relu, Clip, Tanh, Sigmoid or maxout of pairs: applied while sums are in registers.
    static func fuseActivations(_ graph: Graph, wanted: Set<String>) -> Graph {
        let producers = Convolutions.weighted.union(["Gemm", "MatMul"])
        var result = graph
        for node in graph.nodes
        where ["Relu", "Clip", "Tanh", "Sigmoid", "Maxout"].contains(node.op) {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: producers),
                result.nodes[producer].attributes["activation"] == nil,
                result.isLayer(result.nodes[producer])
            else { continue }
            if node.op == "Maxout" {
                guard result.nodes[producer].inputs.count < 4 else { continue }
                // Weights that are read once leave no time to save: its kernels know no pairs.
                // Nor are the channels of a connection table side by side.
                guard result.nodes[producer].op != "LocallyConnected",
                    result.nodes[producer].attributes["connections"] == nil,
                    node.attributes["group"] ?? .int(2) == .int(2),
                    result.nodes[producer].attributes["group"] ?? .int(1) == .int(1),
                    result.poolsChannels(node, of: result.nodes[producer])
                else { continue }
            }
            var fused = result.nodes[producer]
            fused.attributes["activation"] = .string(node.op)
            if node.op == "Clip" {
                guard let bounds = result.clipBounds(node) else { continue }
                fused.attributes["activation_bounds"] = .floats(bounds)
            }
            result.replace(producer, with: fused, absorbing: node)
        }
        return result
    }

    /// OneHot → recurrent layer: the layer looks its input's product up.
    static func fuseOneHot(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = graph
        for node in graph.nodes where Recurrence.names.contains(node.op) {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: ["OneHot"]),
                let depth = result.oneHotDepth(result.nodes[producer]),
                let index = result.nodes.firstIndex(where: { $0.outputs == node.outputs })
            else { continue }
            result.nodes[index].attributes["one_hot_depth"] = .int(depth)
            result.nodes[index].inputs[0] = result.nodes[producer].inputs[0]
            result.nodes.remove(at: producer)
        }
        return result
    }

    /// Gather of a constant table → recurrent layer: W times every row of the table is computed once, and looked up.
    static func fuseEmbedding(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = graph
        for node in graph.nodes where Recurrence.names.contains(node.op) {
            guard let producer = result.embedding(before: node, wanted: wanted),
                let index = result.nodes.firstIndex(where: { $0.outputs == node.outputs }),
                let table = result.constants[result.nodes[producer].inputs[0]],
                let weights = result.constants[node.inputs[1]],
                let product = weights.timesRows(of: table)
            else { continue }
            let name = "\(node.inputs[1])·\(result.nodes[producer].inputs[0])"
            result.constants[name] = product
            result.nodes[index].attributes["one_hot_depth"] = .int(table.shape[0])
            result.nodes[index].inputs[0] = result.nodes[producer].inputs[1]
            result.nodes[index].inputs[1] = name
            result.nodes.remove(at: producer)
        }
        return result
    }
}

extension Graph {
    /// The Gather along axis 0 of a constant table that a recurrent layer alone reads.
    fileprivate func embedding(before node: Node, wanted: Set<String>) -> Int? {
        guard node.attributes["one_hot_depth"] == nil,
            let producer = soleProducer(of: node, wanted: wanted, ops: ["Gather"]),
            nodes[producer].attributes["axis"] ?? .int(0) == .int(0), node.inputs.count > 1,
            nodes[producer].inputs.count == 2
        else { return nil }
        return producer
    }

    /// The node that computes `node`'s first input for it alone.
    fileprivate func soleProducer(
        of node: Node,
        wanted: Set<String>,
        ops: Set<String>
    ) -> Int? {
        guard let value = node.inputs.first, !wanted.contains(value),
            let index = producer(of: value), ops.contains(nodes[index].op),
            consumers(of: value).count == 1
        else { return nil }
        return index
    }

    /// Constant weights, and a bias of one number per output: what the fast paths take.
    fileprivate func isLayer(_ node: Node) -> Bool {
        guard node.inputs.count > 1, let weights = constants[node.inputs[1]] else { return false }
        guard !Convolutions.weighted.contains(node.op) else { return true }
        let isTransposed = node.attributes["transB"] == .int(1)
        guard weights.shape.rank == 2, node.attributes["transA"] ?? .int(0) == .int(0) else {
            return false
        }
        guard node.inputs.count > 2, !node.inputs[2].isEmpty else { return true }
        let units = weights.shape[isTransposed ? 0 : 1]
        let bias = constants[node.inputs[2]]?.shape
        return bias?.count == units && bias?.dimensions.last == units
    }

    /// Whether a maxout's axis is that of the producer's outputs: in a series only if it says so.
    fileprivate func poolsChannels(_ maxout: Node, of producer: Node) -> Bool {
        let axis = maxout.attributes["axis"]
        switch producer.op {
        case "Conv" where constants[producer.inputs[1]]?.shape.rank == 3: return axis == .int(1)
        case "Conv", "TiledConv", "Gemm": return axis ?? .int(1) == .int(1)
        default: return axis == nil
        }
    }

    /// The depth of a OneHot over [T, B] that writes zeros and ones along a last axis.
    fileprivate func oneHotDepth(_ node: Node) -> Int? {
        guard node.attributes["axis"] ?? .int(-1) == .int(-1), node.inputs.count == 3,
            constants[node.inputs[2]]?.floats == [0, 1], node.attributes["wraps"] == nil
        else { return nil }
        return constants[node.inputs[1]]?.integers?.first
    }

    /// The constant bounds of a Clip, given as inputs or, before opset 11, as attributes.
    func clipBounds(_ node: Node) -> [Float]? {
        var bounds = [-Float.greatestFiniteMagnitude, Float.greatestFiniteMagnitude]
        for (index, name) in ["min", "max"].enumerated() {
            switch node.attributes[name] {
            case .float(let value): bounds[index] = value
            case .int(let value): bounds[index] = Float(value)
            case nil: break
            default: return nil
            }
            guard index + 1 < node.inputs.count, !node.inputs[index + 1].isEmpty else { continue }
            guard let value = constants[node.inputs[index + 1]]?.floats?.first else { return nil }
            bounds[index] = value
        }
        return bounds
    }

    /// Puts `node` in place of a producer and lets it write what `absorbed` wrote.
    fileprivate mutating func replace(_ index: Int, with node: Node, absorbing absorbed: Node) {
        var node = node
        node.name = absorbed.name
        node.outputs = absorbed.outputs
        nodes[index] = node
        nodes.removeAll { $0.outputs == absorbed.outputs && $0.op == absorbed.op }
    }
}
