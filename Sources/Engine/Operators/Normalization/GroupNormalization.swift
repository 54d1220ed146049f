import Compute
import Graph
import KernelInterface

extension Families {
    static let groupNormalizations: [String: DeclaredOperator] = [
        "InstanceNormalization": .init(GroupNormalization.self, takes: 3...3, gives: 1...1),
        "GroupNormalization": .init(GroupNormalization.self, takes: 3...3, gives: 1...1),
    ]
}

/// Instance and group normalisation: statistics of each group of channels of each image.
struct GroupNormalization: PlannedOperator {
    private let epsilon: Double
    private let groups: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        epsilon = Double(try attributes.float("epsilon", default: 1e-5))
        if attributes.op == "InstanceNormalization" {
            groups = nil
            if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
            return
        }
        groups = try attributes.int("num_groups", default: 0)
        let type = try attributes.int("stash_type", default: 1)
        guard type == 1 || type == 11 else {
            throw attributes.mismatch("stash_type", "1", .int(type))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let shape = input.shape.dimensions
        guard shape.count >= 2 else {
            throw operands.fail("the input \(input.shape) has no channels")
        }
        let (scale, bias) = (try operands.floats(1), try operands.floats(2))
        let channels = shape[1]
        let groups = self.groups ?? channels
        // Before opset 21 GroupNormalization scaled by group.
        guard groups >= 1, channels % groups == 0, scale.count == bias.count,
            scale.count == channels || scale.count == groups
        else { throw operands.fail("\(groups) groups and their scales do not fit \(input.shape)") }
        let inner = shape[2...].reduce(1, *)
        let size = channels / groups * inner
        guard size > 0 else { return [input] }
        for group in 0..<shape[0] * groups {
            let range = group * size..<(group + 1) * size
            let moments = Moments(Array(values[range]))
            let factor = 1 / (moments.variance + epsilon).squareRoot()
            for index in range {
                let channel = index / inner % channels
                let weight = scale.count == channels ? channel : group % groups
                values[index] =
                    (values[index] - moments.mean) * factor * scale[weight] + bias[weight]
            }
        }
        return [try operands.result(shape, values, input.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        guard shape.rank >= 2, shape.count > 0 else {
            throw .shape(node: node.name, reason: "\(shape) has nothing to normalise")
        }
        let channels = shape[1]
        let groups = self.groups ?? channels
        let scale = try plan.value(plan.input(node, 1), as: .dense)
        let bias = try plan.value(plan.input(node, 2), as: .dense)
        let weights = (plan.shape(of: scale), plan.shape(of: bias))
        guard groups >= 1, channels % groups == 0, weights.0 == [channels],
            weights.1 == [channels]
        else {
            throw .shape(
                node: node.name,
                reason: "\(groups) groups of \(shape) with scales \(weights.0) are not planned"
            )
        }
        let output = try plan.define(node.outputs[0], shape, .dense)
        let plane = shape.dimensions[2...].reduce(1, *)
        let width = channels / groups
        let parts = Stretches(shape[0] * groups, least: 16384 / (width * plane), unit: 1)
        let geometry = NormalizationGeometry(count: width * plane, epsilon: epsilon, isCentred: 1)
        let (kernels, reads) = (plan.kernels, [source, scale, bias])
        plan.step(node.name, chunks: parts.chunks, reads: reads, writes: [output], isExact: true) {
            placement in
            let (from, to) = (placement[source], placement[output])
            let (factors, offsets) = (placement[scale], placement[bias])
            return { arena, chunk in
                for group in parts[chunk] {
                    let first = group % groups * width
                    let start = group * width * plane
                    kernels.normalizeGroup(
                        geometry,
                        from.position(in: arena) + start,
                        scale: factors.position(in: arena) + first,
                        bias: offsets.position(in: arena) + first,
                        into: to.position(in: arena) + start,
                        channels: width,
                        plane: plane
                    )
                }
            }
        }
    }
}
