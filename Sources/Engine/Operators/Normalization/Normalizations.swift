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
struct ResponseNormalised: PlannedOperator {
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

    /// Channels that are summed one after the other.
    private static let most = 64

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.inputShape(node, 0)
        guard shape.rank >= 2, size <= Self.most else {
            throw .shape(node: node.name, reason: "\(size) channels of \(shape) are not planned")
        }
        let x = node.inputs[0]
        var parts = Composition(node)
        let squares = try parts.add("Mul", [x, x], to: &plan)
        var around = [Int](repeating: 0, count: 2 * shape.rank)
        (around[1], around[shape.rank + 1]) = ((size - 1) / 2, size / 2)
        let pads = parts.list(around, in: &plan)
        let padded = try parts.add("Pad", [squares, pads], to: &plan)
        let axis = parts.list([1], in: &plan)
        var sum = ""
        for first in 0..<size {
            let ends = (
                parts.list([first], in: &plan), parts.list([first + shape[1]], in: &plan)
            )
            let part = try parts.add("Slice", [padded, ends.0, ends.1, axis], to: &plan)
            sum = first == 0 ? part : try parts.add("Add", [sum, part], to: &plan)
        }
        let scale = parts.number(Float(alpha / Double(size)), in: &plan)
        let scaled = try parts.add("Mul", [sum, scale], to: &plan)
        let raised = try parts.add(
            "Add",
            [scaled, parts.number(Float(bias), in: &plan)],
            to: &plan
        )
        let power = parts.number(Float(-beta), in: &plan)
        let factor = try parts.add("Pow", [raised, power], to: &plan)
        try parts.add("Mul", [x, factor], isLast: true, to: &plan)
    }
}

/// Vectors along an axis divided by their L1 or L2 norm; zeros stay zeros.
struct LengthNormalised: PlannedOperator {
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let axis = try normalised(axis, rank: plan.inputShape(node, 0).rank, node)
        var parts = Composition(node)
        let norm = try parts.add(
            power == 1 ? "ReduceL1" : "ReduceL2",
            [node.inputs[0], parts.list([axis], in: &plan)],
            to: &plan
        )
        let least = parts.number(.leastNormalMagnitude, in: &plan)
        let divisor = try parts.add("Max", [norm, least], to: &plan)
        try parts.add("Div", [node.inputs[0], divisor], isLast: true, to: &plan)
    }
}

/// (x − mean) / standard deviation over axes, those of batch and space unless named.
struct VarianceNormalised: PlannedOperator {
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let rank = try plan.inputShape(node, 0).rank
        var (parts, gone) = (Composition(node), [Int]())
        for axis in axes { gone.append(try normalised(axis, rank: rank, node)) }
        let list = parts.list(gone, in: &plan)
        let mean = try parts.add("ReduceMean", [node.inputs[0], list], to: &plan)
        let distance = try parts.add("Sub", [node.inputs[0], mean], to: &plan)
        let square = try parts.add("Mul", [distance, distance], to: &plan)
        let variance = try parts.add("ReduceMean", [square, list], to: &plan)
        let root = try parts.add("Sqrt", [variance], to: &plan)
        let divisor = try parts.add("Add", [root, parts.number(1e-9, in: &plan)], to: &plan)
        try parts.add("Div", [distance, divisor], isLast: true, to: &plan)
    }
}
