package import Graph

/// Changes of a graph that keep its meaning and save work; each a pure function.
package enum Rewrites {
    /// Values in `wanted` are answers and stay as they are.
    package static func apply(to graph: Graph, wanted: Set<String>) throws(ModelError) -> Graph {
        try fuse(graph, wanted: wanted)
    }

    /// The same where the shapes of values are known: patterns of exporters too.
    static func apply(
        to graph: Graph,
        wanted: Set<String>,
        known: KnownValues
    ) throws(ModelError) -> Graph {
        var graph = ChannelScales.apply(to: graph, wanted: wanted)
        graph = QuantizedLayers.apply(to: graph, wanted: wanted, known: known)
        let (moved, known) = CancelledMoves.apply(to: graph, wanted: wanted, known: known)
        graph = moved
        graph = SpelledFunctions.apply(to: graph, wanted: wanted, known: known)
        graph = SpelledNormalizations.apply(to: graph, wanted: wanted, known: known)
        graph = SpelledAttention.apply(to: graph, wanted: wanted, known: known)
        graph = ChannelFactors.apply(to: graph, wanted: wanted, known: known)
        return try fuse(graph, wanted: wanted)
    }

    private static func fuse(_ graph: Graph, wanted: Set<String>) throws(ModelError) -> Graph {
        var graph = try foldBatchNormalization(graph, wanted: wanted)
        graph = fuseBias(graph, wanted: wanted)
        graph = fuseAddition(graph, wanted: wanted)
        graph = fuseActivations(graph, wanted: wanted)
        graph = fuseOneHot(graph, wanted: wanted)
        return fuseEmbedding(graph, wanted: wanted)
    }

    /// Conv or ConvTranspose → BatchNormalization: scales the kernels and shifts the bias instead.
    static func foldBatchNormalization(
        _ graph: Graph,
        wanted: Set<String>
    ) throws(ModelError) -> Graph {
        var result = EditedGraph(graph)
        for node in graph.nodes where node.op == "BatchNormalization" {
            guard
                let producer = result.soleProducer(
                    of: node,
                    wanted: wanted,
                    ops: ["Conv", "ConvTranspose"]
                ), result[producer].attributes["activation"] == nil,
                result[producer].attributes["connections"] == nil,
                let weights = result.constants[result[producer].inputs[1]]
            else { continue }
            var attributes = AttributeReader(node)
            let epsilon = try BatchNormalization(&attributes).epsilon
            let affine = try AffineChannels(node, epsilon: epsilon) { index in
                index < node.inputs.count ? result.constants[node.inputs[index]]?.floats : nil
            }
            var conv = result[producer]
            // Of a transposed one, the kernels of an input lie together.
            let isTransposed = conv.op == "ConvTranspose"
            guard weights.shape.rank >= 2,
                !isTransposed || conv.attributes["group"] ?? .int(1) == .int(1)
            else { continue }
            let outputs = weights.shape[isTransposed ? 1 : 0]
            guard affine.scale.count == outputs else { continue }
            let hasBias = conv.inputs.count > 2 && !conv.inputs[2].isEmpty
            let bias = hasBias ? result.constants[conv.inputs[2]]?.floats : nil
            guard hasBias == (bias != nil) else { continue }
            let kernels = isTransposed ? weights.shape[0] * outputs : outputs
            let factors = (0..<kernels).map { affine.scale[$0 % outputs] }
            let name = "\(conv.name)+\(node.name)"
            guard let stored = weights.storedFloats else { continue }
            result.constants["\(name).weight"] = Tensor(
                shape: weights.shape,
                stored: stored.scaled(by: factors, each: weights.count / max(kernels, 1))
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
        return result.graph
    }

    /// MatMul → Add of one constant per unit: the bias of a connected layer.
    static func fuseBias(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = EditedGraph(graph)
        for node in graph.nodes where node.op == "Add" && node.inputs.count == 2 {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: ["MatMul"]),
                result[producer].inputs.count == 2,
                let weights = result.constants[result[producer].inputs[1]],
                weights.shape.rank == 2,
                let bias = result.constants[node.inputs[1]],
                bias.shape.rank == 1, bias.shape[0] == weights.shape[1]
            else { continue }
            var product = result[producer]
            product.inputs.append(node.inputs[1])
            result.replace(producer, with: product, absorbing: node)
        }
        return result.graph
    }

    /// Conv → Add of a computed value, as in residual networks: the convolution's fourth input.
    static func fuseAddition(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = EditedGraph(graph)
        for node in graph.nodes where node.op == "Add" && node.inputs.count == 2 {
            let candidates = [(0, 1), (1, 0)].compactMap { (own, other) -> (Int, String)? in
                var turned = node
                turned.inputs = [node.inputs[own]]
                guard result.constants[node.inputs[other]] == nil,
                    let producer = result.soleProducer(of: turned, wanted: wanted, ops: ["Conv"]),
                    result[producer].attributes["activation"] == nil,
                    result[producer].attributes["connections"] == nil,
                    result[producer].inputs.count < 4
                else { return nil }
                return (producer, node.inputs[other])
            }
            guard let (producer, other) = candidates.max(by: { $0.0 < $1.0 }),
                let index = result.index(of: node)
            else { continue }
            var fused = result[producer]
            fused.inputs += Array(repeating: "", count: 3 - fused.inputs.count) + [other]
            (fused.name, fused.outputs) = (node.name, node.outputs)
            // Only where the addition stood are both operands known.
            result[index] = fused
            result.remove(producer)
        }
        return result.graph
    }

    /// Conv, Gemm or MatMul → Relu, Clip, Tanh, Sigmoid or maxout of pairs: applied while sums are in registers.
    static func fuseActivations(_ graph: Graph, wanted: Set<String>) -> Graph {
        let producers = Operators.convolutions.union(["Gemm", "MatMul"])
        var result = EditedGraph(graph)
        for node in graph.nodes
        where ["Relu", "Clip", "Tanh", "Sigmoid", "Maxout"].contains(node.op) {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: producers),
                result[producer].attributes["activation"] == nil,
                result.isLayer(result[producer])
            else { continue }
            if node.op == "Maxout" {
                guard result[producer].inputs.count < 4 else { continue }
                // Weights that are read once leave no time to save: its kernels know no pairs.
                // Nor are the channels of a connection table side by side.
                guard result[producer].op != "LocallyConnected",
                    result[producer].attributes["connections"] == nil,
                    node.attributes["group"] ?? .int(2) == .int(2),
                    result[producer].attributes["group"] ?? .int(1) == .int(1),
                    result.poolsChannels(node, of: result[producer])
                else { continue }
            }
            var fused = result[producer]
            fused.attributes["activation"] = .string(node.op)
            if node.op == "Clip" {
                guard let bounds = result.clipBounds(node) else { continue }
                fused.attributes["activation_bounds"] = .floats(bounds)
            }
            result.replace(producer, with: fused, absorbing: node)
        }
        return result.graph
    }

    /// OneHot → recurrent layer: the layer looks its input's product up.
    static func fuseOneHot(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = EditedGraph(graph)
        for node in graph.nodes where Operators.has(.recurrent, node.op) {
            guard let producer = result.soleProducer(of: node, wanted: wanted, ops: ["OneHot"]),
                let depth = result.oneHotDepth(result[producer]),
                let index = result.index(of: node)
            else { continue }
            result[index].attributes["one_hot_depth"] = .int(depth)
            result[index].inputs[0] = result[producer].inputs[0]
            result.remove(producer)
        }
        return result.graph
    }

    /// Gather of a constant table, dequantised or not → recurrent layer: W times every row of the table is computed once,
    /// and looked up.
    static func fuseEmbedding(_ graph: Graph, wanted: Set<String>) -> Graph {
        var result = EditedGraph(graph)
        for node in graph.nodes where Operators.has(.recurrent, node.op) {
            guard let embedding = result.embedding(before: node, wanted: wanted),
                let index = result.index(of: node),
                let weights = result.constants[node.inputs[1]],
                let product = weights.timesRows(of: embedding.table)
            else { continue }
            let gather = result[embedding.nodes[0]]
            let name = "\(node.inputs[1])·\(embedding.nodes.map { result[$0].inputs[0] }.joined())"
            result.constants[name] = product
            result[index].attributes["one_hot_depth"] = .int(embedding.table.shape[0])
            result[index].inputs[0] = gather.inputs[1]
            result[index].inputs[1] = name
            embedding.nodes.forEach { result.remove($0) }
        }
        return result.graph
    }
}
