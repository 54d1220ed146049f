import Engine
public import Graph

/// The kernels of one convolution.
public struct LayerKernels: Sendable {
    /// [kernels, input channels, rows, columns], or [kernels, input channels, steps] of a series.
    public let shape: Shape
    /// Row-major.
    public let values: [Float]
    /// Neighbouring kernels are the members of maxout pairs.
    public let isMaxoutPair: Bool
    /// Of a connection table: the input and the output of each kernel.
    public private(set) var connections: [(input: Int, output: Int)]?
}

extension Model {
    /// Names of the layers that have kernels to look at.
    public var layersWithKernels: [String] {
        graph.nodes.filter { node in
            node.op == "Gabor"
                || Operators.has(.kernels, node.op)
                    && graph.constants[node.inputs[1]] != nil
        }.map(\.layer)
    }

    /// The kernels of a convolution or Gabor layer.
    ///
    /// - Throws: `unknownLayer` with the layers that have kernels, `tooLarge` where they are more than one request may
    ///   compute.
    public func kernels(layer: String) throws(ModelError) -> LayerKernels {
        guard layersWithKernels.contains(layer),
            let node = graph.nodes.first(where: { $0.layer == layer })
        else { throw .unknownLayer(layer, available: layersWithKernels) }
        let isPair = graph.nodes.contains {
            $0.op == "Maxout" && $0.inputs.first == layer
                && $0.attributes["group"] ?? .int(2) == .int(2)
        }
        if node.op == "Gabor" {
            var attributes = AttributeReader(node)
            let windows = try Windows(&attributes, ceils: false)
            let bank = try GaborBank(&attributes, kernel: windows.kernel)
            return LayerKernels(shape: bank.shape, values: bank.weights(), isMaxoutPair: isPair)
        }
        guard let weights = graph.constants[node.inputs[1]] else {
            throw .unknownLayer(layer, available: layersWithKernels)
        }
        // They may be made when they are read, or widened.
        try answerRoom().take(numbers: weights.count, each: 2 * MemoryLayout<Float>.stride)
        guard let values = weights.floats else {
            throw .unknownLayer(layer, available: layersWithKernels)
        }
        return LayerKernels(
            shape: weights.shape,
            values: values,
            isMaxoutPair: isPair
        ).listed(for: node)
    }
}

extension LayerKernels {
    /// The table of a convolution; nil where it says nothing of some kernel.
    private func connections(of node: Node) -> [(input: Int, output: Int)]? {
        guard case .ints(let inputs) = node.attributes["connections"],
            case .ints(let counts) = node.attributes["connection_counts"],
            inputs.count == shape[0], counts.reduce(0, +) == inputs.count
        else { return nil }
        let outputs = counts.enumerated().flatMap { Array(repeating: $0, count: $1) }
        return zip(inputs, outputs).map { (input: $0, output: $1) }
    }

    /// The kernels of layers that have several for an output as [kernels, input channels, rows, columns]:
    /// an output's positions, or the places of its tiling, one after the other.
    fileprivate func listed(for node: Node) -> LayerKernels {
        let sizes = shape.dimensions
        switch (node.op, sizes.count) {
        case ("LocallyConnected", 6):
            return LayerKernels(
                shape: [sizes[0] * sizes[1] * sizes[2], sizes[3], sizes[4], sizes[5]],
                values: values,
                isMaxoutPair: false
            )
        case ("TiledConv", 6):
            let (kernel, tiles) = (sizes[1] * sizes[2] * sizes[3], sizes[4] * sizes[5])
            var listed = [Float](repeating: 0, count: values.count)
            for index in values.indices {
                let (place, tile) = (index / tiles, index % tiles)
                let output = place / kernel
                listed[(output * tiles + tile) * kernel + place % kernel] = values[index]
            }
            return LayerKernels(
                shape: [sizes[0] * tiles, sizes[1], sizes[2], sizes[3]],
                values: listed,
                isMaxoutPair: false
            )
        case (_, 2...3) where node.attributes["connections"] != nil:
            // A connection table has a kernel for each connection.
            var listed = LayerKernels(
                shape: Shape([sizes[0], 1] + sizes.dropFirst()),
                values: values,
                isMaxoutPair: false
            )
            listed.connections = connections(of: node)
            return listed
        default:
            return self
        }
    }
}
