import Foundation
import Graph

extension Evaluators {
    static let normalizations: [String: EvaluatedOperator] = [
        "BatchNormalization": .init(BatchNormalised.self, takes: 5...5, gives: 1...5),
        "InstanceNormalization": .init(GroupNormalised.self, takes: 3...3, gives: 1...1),
        "GroupNormalization": .init(GroupNormalised.self, takes: 3...3, gives: 1...1),
        "LayerNormalization": .init(LayerNormalised.self, takes: 2...3, gives: 1...3),
        "RMSNormalization": .init(LayerNormalised.self, takes: 2...2, gives: 1...1),
        "LRN": .init(ResponseNormalised.self, takes: 1...1, gives: 1...1),
        "LpNormalization": .init(LengthNormalised.self, takes: 1...1, gives: 1...1),
        "MeanVarianceNormalization": .init(VarianceNormalised.self, takes: 1...1, gives: 1...1),
    ]
}

/// scale · (x − mean) / √(variance + epsilon) + bias with the model's statistics, or in training with the batch's.
private struct BatchNormalised: Evaluated {
    private let epsilon: Double
    private let momentum: Double
    private let trains: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        epsilon = Double(try attributes.float("epsilon", default: 1e-5))
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
            let groups = ReductionWalk(input.shape, axes: Set(shape.indices).subtracting([1]))
                .groups(values).map { Moments($0) }
            let (means, variances) = (groups.map(\.mean), groups.map(\.variance))
            for (index, old, new) in [(3, mean, means), (4, variance, variances)] {
                let moved = zip(old, new).map { $0 * momentum + $1 * (1 - momentum) }
                running.append(try operands.result([channels], moved, operands(index).type))
            }
            (mean, variance) = (means, variances)
        }
        let factors = zip(scale, variance).map { $0 / ($1 + epsilon).squareRoot() }
        for index in values.indices {
            let channel = index / inner % channels
            values[index] = (values[index] - mean[channel]) * factors[channel] + bias[channel]
        }
        return [try operands.result(shape, values, input.type)] + running
    }
}

/// Mean and variance of numbers.
private struct Moments {
    let mean: Double
    let variance: Double

    init(_ values: [Double]) {
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }
}

/// Instance and group normalisation: statistics of each group of channels of each image.
private struct GroupNormalised: Evaluated {
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
}

/// Layer and RMS normalisation over all axes from `axis` on.
private struct LayerNormalised: Evaluated {
    private let axis: Int
    private let epsilon: Double

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        epsilon = Double(try attributes.float("epsilon", default: 1e-5))
        let type = try attributes.int("stash_type", default: 1)
        guard type == 1 || type == 11 else {
            throw attributes.mismatch("stash_type", "1", .int(type))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let shape = input.shape.dimensions
        let axis = try operands.axis(axis, rank: shape.count)
        let isCentred = operands.node.op == "LayerNormalization"
        let scale = try weights(operands, 1, shape, standard: 1)
        let bias = isCentred ? try weights(operands, 2, shape, standard: 0) : nil
        let size = shape[axis...].reduce(1, *)
        guard size > 0 else {
            throw operands.fail("\(input.shape) has nothing to normalise from axis \(axis) on")
        }
        var (means, inverses): ([Double], [Double]) = ([], [])
        for row in 0..<values.count / size {
            let range = row * size..<(row + 1) * size
            let moments = Moments(Array(values[range]))
            let square =
                isCentred
                ? moments.variance : values[range].reduce(0) { $0 + $1 * $1 } / Double(size)
            let inverse = 1 / (square + epsilon).squareRoot()
            let mean = isCentred ? moments.mean : 0
            for index in range {
                values[index] =
                    (values[index] - mean) * inverse * (scale?[index] ?? 1) + (bias?[index] ?? 0)
            }
            means.append(mean)
            inverses.append(inverse)
        }
        var outputs = [try operands.result(shape, values, input.type)]
        guard isCentred else { return outputs }
        let kept = shape[..<axis] + Array(repeating: 1, count: shape.count - axis)
        for statistics in [means, inverses] {
            outputs.append(try operands.result(Array(kept), statistics, .float32))
        }
        return outputs
    }

    /// One weight per element of the input.
    private func weights(
        _ operands: Operands,
        _ index: Int,
        _ shape: [Int],
        standard: Double
    ) throws(ModelError) -> [Double]? {
        guard let given = operands.optional(index) else { return nil }
        guard try operands.broadcast([Shape(shape), given.shape]) == shape else {
            throw operands.fail("weights \(given.shape) do not fit \(Shape(shape))")
        }
        return try operands.floats(index)
            .picked(broadcastOffsets(given.shape.dimensions, to: shape))
    }
}

/// x / (bias + alpha / size · Σ x² over neighbouring channels)^beta.
private struct ResponseNormalised: Evaluated {
    private let (alpha, beta, bias): (Double, Double, Double)
    private let size: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = Double(try attributes.float("alpha", default: 1e-4))
        beta = Double(try attributes.float("beta", default: 0.75))
        bias = Double(try attributes.float("bias", default: 1))
        size = try attributes.int("size", default: 0)
        guard (1...1 << 20).contains(size) else {
            throw attributes.mismatch("size", "a positive integer", .int(size))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0)
        let shape = input.shape.dimensions
        guard shape.count >= 2 else {
            throw operands.fail("the input \(input.shape) has no channels")
        }
        let (channels, inner) = (shape[1], shape[2...].reduce(1, *))
        var result: [Double] = []
        result.reserveCapacity(values.count)
        var visited = 0
        for index in values.indices {
            let channel = index / inner % channels
            let first = max(0, channel - (size - 1) / 2)
            let last = min(channels - 1, channel + size / 2)
            var sum = 0.0
            visited += last - first
            if visited > 1 << 20 {
                try operands.poll()
                visited = 0
            }
            for other in first...last {
                let value = values[index + (other - channel) * inner]
                sum += value * value
            }
            result.append(values[index] / pow(bias + alpha / Double(size) * sum, beta))
        }
        return [try operands.result(shape, result, input.type)]
    }
}

/// Vectors along an axis divided by their L1 or L2 norm; zeros stay zeros.
private struct LengthNormalised: Evaluated {
    private let axis: Int
    private let power: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
        power = try attributes.int("p", default: 2)
        guard power == 1 || power == 2 else {
            throw attributes.mismatch("p", "1 or 2", .int(power))
        }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let axis = try operands.axis(axis, rank: input.shape.rank)
        for places in ReductionWalk(input.shape, axes: [axis]).places {
            let sum = places.reduce(0.0) {
                $0 + (power == 1 ? abs(values[$1]) : values[$1] * values[$1])
            }
            let norm = power == 1 ? sum : sum.squareRoot()
            for place in places where norm != 0 { values[place] /= norm }
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}

/// (x − mean) / standard deviation over axes, those of batch and space unless named.
private struct VarianceNormalised: Evaluated {
    private let axes: [Int]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try attributes.ints("axes") ?? [0, 2, 3]
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let axes = try operands.axes(axes, rank: input.shape.rank)
        for places in ReductionWalk(input.shape, axes: Set(axes)).places {
            let moments = Moments(places.map { values[$0] })
            let deviation = moments.variance.squareRoot() + 1e-9
            for place in places { values[place] = (values[place] - moments.mean) / deviation }
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}
