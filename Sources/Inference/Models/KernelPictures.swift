public import Compute

/// The kernels of one convolution.
public struct LayerKernels: Sendable {
    /// [kernels, input channels, rows, columns].
    public let shape: Shape
    /// Row-major.
    public let values: [Float]
    /// Neighbouring kernels are the members of maxout pairs.
    public let isMaxoutPair: Bool
}

extension Model {
    /// Names of the layers that have kernels to look at.
    public var layersWithKernels: [String] {
        graph.nodes.filter { ["Conv", "Gabor"].contains($0.op) }.map(\.name)
    }

    /// The kernels of a convolution or Gabor layer.
    ///
    /// - Throws: `unknownLayer` with the layers that have kernels.
    public func kernels(layer: String) throws(ModelError) -> LayerKernels {
        guard layersWithKernels.contains(layer),
            let node = graph.nodes.first(where: { $0.name == layer })
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
        guard let weights = graph.constants[node.inputs[1]], let values = weights.floats else {
            throw .unknownLayer(layer, available: layersWithKernels)
        }
        return LayerKernels(shape: weights.shape, values: values, isMaxoutPair: isPair)
    }
}
