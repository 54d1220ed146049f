import Compute
import Graph

/// Normalisation with statistics fixed after training.
enum Normalization {
    static let operators: [any Operator.Type] = [BatchNormalization.self]
}

/// Y = scale · (X − mean) / √(variance + epsilon) + bias, per channel.
struct BatchNormalization: Operator {
    static let name = "BatchNormalization"
    static let parameters = ["scale", "bias", "mean", "variance"]
    let epsilon: Float

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        epsilon = try attributes.float("epsilon", default: 1e-5)
        // Used in training only; inference reads neither.
        _ = try attributes.float("momentum", default: 0.9)
        guard try attributes.int("training_mode", default: 0) == 0 else {
            throw attributes.mismatch("training_mode", "0", .int(1))
        }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let shape = plan.shape(of: input)
        let isImage = (3...4).contains(shape.rank)
        guard isImage || shape.rank == 2 else {
            throw .shape(
                node: node.name,
                reason: "the input \(shape) is not [N, C], [N, C, L] or [N, C, H, W]"
            )
        }
        let affine = try AffineChannels(node, epsilon: epsilon) { plan.constant(node, $0)?.floats }
        guard affine.scale.count == shape[1] else {
            throw .shape(
                node: node.name,
                reason: "the input has \(shape[1]) channels, the weights \(affine.scale.count)"
            )
        }
        let source = try plan.value(input, as: isImage ? .blocked : .points)
        let output = try plan.define(node.outputs[0], shape, plan[source].layout)
        let image = plan[source].image
        let rows = isImage ? image[2] : 1
        let vectors = isImage ? image[3] : shape[0]
        let (kernels, constants) = (plan.kernels, affine.blocked())
        plan.blockStep(
            node.name,
            images: isImage ? shape[0] : 1,
            blocks: blocks(of: shape[1]),
            from: source,
            to: output
        ) { from, to in
            { input, output, block in
                for row in 0..<rows {
                    kernels.scaleShift(
                        input + (block * from.plane + row * from.row),
                        scale: constants.start + block * 32,
                        shift: constants.start + (block * 32 + 16),
                        into: output + (block * to.plane + row * to.row),
                        vectors: vectors
                    )
                }
            }
        }
    }
}

/// A normalisation as y = scale · x + shift, one pair per channel.
struct AffineChannels {
    let scale: [Float]
    let shift: [Float]

    /// Reads scale, bias, mean and variance: inputs 1 to 4 of the node.
    init(
        _ node: Node,
        epsilon: Float,
        constant: (Int) -> [Float]?
    ) throws(ModelError) {
        guard let gamma = constant(1), let beta = constant(2), let mean = constant(3),
            let variance = constant(4), gamma.count == beta.count, gamma.count == mean.count,
            gamma.count == variance.count
        else {
            throw .shape(
                node: node.name,
                reason: "scale, bias, mean and variance must be constants of one length"
            )
        }
        var (scale, shift): ([Float], [Float]) = ([], [])
        for channel in gamma.indices {
            let factor =
                Double(gamma[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot()
            scale.append(Float(factor))
            shift.append(Float(Double(beta[channel]) - factor * Double(mean[channel])))
        }
        self.scale = scale
        self.shift = shift
    }

    /// [block][scale × 16, shift × 16].
    func blocked() -> FloatStorage {
        let storage = FloatStorage(count: blocks(of: scale.count) * 32)
        for channel in scale.indices {
            let start = channel / 16 * 32 + channel % 16
            storage[start] = scale[channel]
            storage[start + 16] = shift[channel]
        }
        return storage
    }
}
