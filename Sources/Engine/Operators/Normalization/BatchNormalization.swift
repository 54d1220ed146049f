import Compute
import Graph

extension Families {
    static let batchNormalization: [String: DeclaredOperator] = [
        "BatchNormalization": .init(
            BatchNormalization.self,
            takes: 5...5,
            gives: 1...5,
            parameters: ["scale", "bias", "mean", "variance"]
        )
    ]
}

/// scale · (x − mean) / √(variance + epsilon) + bias with the model's statistics, or in training with the batch's.
struct BatchNormalization: PlannedOperator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    let epsilon: Float
    private let momentum: Double
    private let trains: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        epsilon = try attributes.float("epsilon", default: 1e-5)
        momentum = Double(try attributes.float("momentum", default: 0.9))
        trains =
            attributes.opset >= 14
            ? try attributes.flag("training_mode", default: false) : false
        guard attributes.opset < 9 else { return }
        guard try attributes.flag("spatial", default: true) else {
            throw attributes.mismatch("spatial", "1", .int(0))
        }
        guard attributes.opset < 7 else { return }
        _ = try attributes.int("is_test", default: 0)
        _ = try attributes.ints("consumed_inputs")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let shape = input.shape.dimensions
        let channels = shape.count > 1 ? shape[1] : 1
        let (scale, bias) = (try operands.floats(1), try operands.floats(2))
        var (mean, variance) = (try operands.floats(3), try operands.floats(4))
        guard [scale, bias, mean, variance].allSatisfy({ $0.count == channels }) else {
            throw operands.fail(
                "the statistics do not fit the \(channels) channels of \(input.shape)"
            )
        }
        let inner = shape.dropFirst(2).reduce(1, *)
        var running: [Tensor] = []
        if trains {
            let groups = try ReductionWalk(
                input.shape,
                axes: Set(shape.indices).subtracting([1]),
                operands
            )
            .groups(values).map { Moments($0) }
            let (means, variances) = (groups.map(\.mean), groups.map(\.variance))
            for (index, old, new) in [(3, mean, means), (4, variance, variances)] {
                let moved = zip(old, new).map { $0 * momentum + $1 * (1 - momentum) }
                running.append(try operands.result([channels], moved, operands(index).type))
            }
            (mean, variance) = (means, variances)
        }
        let factors = zip(scale, variance).map { $0 / ($1 + Double(epsilon)).squareRoot() }
        // Channel by channel: a division for each element would take longer than the rest.
        var channel = 0
        for start in stride(from: 0, to: values.count, by: max(1, inner)) {
            let (centre, factor, offset) = (mean[channel], factors[channel], bias[channel])
            for index in start..<min(start + inner, values.count) {
                values[index] = (values[index] - centre) * factor + offset
            }
            channel = channel + 1 == channels ? 0 : channel + 1
        }
        return [try operands.result(shape, values, input.type)] + running
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard !trains, node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw .shape(node: node.name, reason: "\(node.op) is planned with fixed statistics")
        }
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
