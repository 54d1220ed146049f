import Glibc
import Graph

extension Families {
    static let normalizations: [String: DeclaredOperator] = [
        "LRN": .init(ResponseNormalised.self, takes: 1...1, gives: 1...1),
        "LpNormalization": .init(LengthNormalised.self, takes: 1...1, gives: 1...1),
        "MeanVarianceNormalization": .init(VarianceNormalised.self, takes: 1...1, gives: 1...1),
    ]
}

/// x / (bias + alpha / size · Σ x² over neighbouring channels)^beta.
struct ResponseNormalised: Operator {
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
struct LengthNormalised: Operator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
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
        for places in try ReductionWalk(input.shape, axes: [axis], operands).places {
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
struct VarianceNormalised: Operator {
    static var bytesPerInput: Int { ReductionWalk.bytesPerElement }
    private let axes: [Int]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try attributes.ints("axes") ?? [0, 2, 3]
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        var values = try operands.floats(0)
        let axes = try operands.axes(axes, rank: input.shape.rank)
        for places in try ReductionWalk(input.shape, axes: Set(axes), operands).places {
            let moments = Moments(places.map { values[$0] })
            let deviation = moments.variance.squareRoot() + 1e-9
            for place in places { values[place] = (values[place] - moments.mean) / deviation }
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}
