import Compute
import Graph

/// A transposed convolution of volumes whose windows lie side by side: a 1×1 convolution that makes each window's elements as
/// channels, which are put in their places.
struct TilingConvolution {
    private let node: Node
    private let shape: Shape
    private let weights: Shape

    /// Nil unless strides are as long as the kernel, and nothing is padded or cut.
    init?(_ general: TransposedConvolution, _ shape: Shape, _ weights: Shape) {
        guard shape.rank == 5, weights.rank == 5, weights[0] == shape[1],
            general.strides == Array(weights.dimensions[2...]), weights.count > 0, shape.count > 0,
            general.dilations.allSatisfy({ $0 == 1 }),
            (general.pads + general.outputPadding).allSatisfy({ $0 == 0 })
        else { return nil }
        (node, self.shape, self.weights) = (general.node, shape, weights)
    }

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let (inputs, outputs) = (weights[0], weights[1])
        let kernel = Array(weights.dimensions[2...])
        let (taps, sizes) = (kernel.reduce(1, *), Array(shape.dimensions[2...]))
        let channels = outputs * taps
        let (kernels, bias) = ("\(node.outputs[0])/kernels", "\(node.outputs[0])/bias")
        try plan.rearrange(node, 1, as: kernels, [channels, inputs, 1, 1]) { body in
            for channel in 0..<channels {
                for input in 0..<inputs {
                    body(channel * inputs + input, input * channels + channel)
                }
            }
        }
        var parts = Composition(node)
        let pixels = parts.list([shape[0], inputs, sizes[0] * sizes[1], sizes[2]], in: &plan)
        var operands = [try parts.add("Reshape", [node.inputs[0], pixels], to: &plan), kernels]
        if node.inputs.count > 2, !node.inputs[2].isEmpty {
            try plan.rearrange(node, 2, as: bias, [channels]) { body in
                for channel in 0..<channels { body(channel, channel / taps) }
            }
            operands.append(bias)
        }
        let made = try parts.add("Conv", operands, to: &plan)
        let apart = parts.list([shape[0], outputs] + kernel + sizes, in: &plan)
        let windows = try parts.add("Reshape", [made, apart], to: &plan)
        let placed = try parts.add(
            "Transpose",
            [windows],
            .order([0, 1, 5, 2, 6, 3, 7, 4]),
            to: &plan
        )
        let result = [shape[0], outputs] + zip(sizes, kernel).map { $0 * $1 }
        let list = parts.list(result, in: &plan)
        try parts.add("Reshape", [placed, list], isLast: true, to: &plan)
    }
}
