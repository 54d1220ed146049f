import Compute
import Graph

extension Families {
    /// What rewrites make of operators between DequantizeLinear and QuantizeLinear.
    static let ownIntegers: [String: DeclaredOperator] = [
        "IntegerConv": .init(IntegerLayerOperator.self, takes: 4...5, gives: 1...1),
        "IntegerProduct": .init(IntegerLayerOperator.self, takes: 4...5, gives: 1...1),
        "IntegerSum": .init(IntegerPairOperator.self, takes: 2...2, gives: 1...1),
        "IntegerTimes": .init(IntegerPairOperator.self, takes: 2...2, gives: 1...1),
        "IntegerConcat": .init(IntegerConcatOperator.self, takes: 1...(.max), gives: 1...1),
        "IntegerMaxout": .init(IntegerMaxoutOperator.self, takes: 1...1, gives: 1...1),
        "IntegerMean": .init(IntegerMeanOperator.self, takes: 1...1, gives: 1...1),
        "IntegerFunction": .init(IntegerFunctionOperator.self, takes: 1...1, gives: 1...1),
    ]
}

/// The steps of a result, as rewrites write them: `y_scale`, `y_zero`, `y_type` and `y_range`.
private struct ResultSteps {
    let steps: ByteSteps
    let range: ClosedRange<Int>

    /// Nil for a result that stays real.
    init?(_ attributes: inout AttributeReader) throws(ModelError) {
        guard attributes.has("y_scale") else { return nil }
        let scale = try attributes.float("y_scale", default: 1)
        let zero = try attributes.int("y_zero", default: 0)
        let type = ElementType(rawValue: try attributes.string("y_type", default: "uint8"))
        let bounds = try attributes.ints("y_range") ?? []
        let own = type ?? .uint8
        steps = ByteSteps(scale: scale, zero: zero, type: own)
        range = bounds.count == 2 ? bounds[0]...bounds[1] : own.integerRange
    }
}

/// The steps of an input, as rewrites write them.
private struct InputSteps {
    let scale: Float
    let zero: Int

    init(_ attributes: inout AttributeReader, _ letter: String = "x") throws(ModelError) {
        scale = try attributes.float("\(letter)_scale", default: 1)
        zero = try attributes.int("\(letter)_zero", default: 0)
    }

    func steps(_ type: ElementType) -> ByteSteps { ByteSteps(scale: scale, zero: zero, type: type) }
}

/// A convolution or product of bytes and weights of 8 bits, both with their steps; a bias of float32.
private struct IntegerLayerOperator: LayerOperator {
    private let input: InputSteps
    private let result: ResultSteps?
    private let windows: Windows?
    private let groups: Int
    private let isTransposed: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        input = try InputSteps(&attributes)
        result = try ResultSteps(&attributes)
        let isConvolution = attributes.op == "IntegerConv"
        windows = isConvolution ? try Windows(&attributes, ceils: false) : nil
        groups = isConvolution ? try attributes.int("group", default: 1) : 1
        isTransposed = try attributes.flag("transposed", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let x = try plan.byteInput(node, 0)
        let weights = try plan.byteWeights(
            node,
            1,
            zero: 3,
            outputs: { $0.shape[windows != nil || isTransposed ? 0 : 1] }
        )
        guard let scales = plan.constant(node, 2)?.floats else {
            throw .shape(node: node.name, reason: "the scales of the weights are missing")
        }
        let bias = node.inputs.count > 4 ? plan.constant(node, 4)?.floats : nil
        let numbers = numbers(scales, bias)
        let outcome: IntegerLayer.Result =
            result.map { .quantized($0.steps, range: $0.range) } ?? .reals
        if let windows {
            try QuantizedConvolution(node: node, windows: windows, groups: groups).lower(
                x,
                weights,
                zero: .known(input.zero),
                outcome,
                numbers: numbers,
                into: &plan
            )
        } else {
            try QuantizedMatrix(node: node).lower(
                x,
                weights,
                isTransposed: isTransposed,
                zero: .known(input.zero),
                outcome,
                numbers: numbers,
                into: &plan
            )
        }
    }

    private func numbers(_ scales: [Float], _ bias: [Float]?) -> IntegerNumbers {
        guard let result else {
            return IntegerNumbers(
                bias: [0],
                scale: scales.map { input.scale * $0 },
                addend: bias ?? [0]
            )
        }
        let steps = bias.map { bias in
            bias.indices.map { index -> Int in
                let step = Double(input.scale) * Double(scales[scales.count == 1 ? 0 : index])
                let quotient = (Double(bias[index]) / step).rounded(.toNearestOrEven)
                // What is beyond 32 bits is refused later.
                return quotient.isNaN ? 0 : Int(min(max(quotient, -0x1p40), 0x1p40))
            }
        }
        return IntegerNumbers(
            bias: steps ?? [0],
            scale: scales.map { input.scale * $0 / result.steps.scale },
            addend: [0]
        )
    }
}

/// a + b or a · b, each in its own steps.
private struct IntegerPairOperator: LayerOperator {
    private let combination: ByteCombination
    private let first: InputSteps
    private let second: InputSteps
    private let result: ResultSteps?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        combination = attributes.op == "IntegerTimes" ? .product : .sum
        first = try InputSteps(&attributes)
        second = try InputSteps(&attributes, "z")
        result = try ResultSteps(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let (a, b) = (try plan.byteInput(node, 0), try plan.byteInput(node, 1))
        guard let result else {
            throw .shape(node: node.name, reason: "sums and products of integers are integers")
        }
        try plan.combined(
            node,
            by: combination,
            (a, first.steps(plan[a].type)),
            (b, second.steps(plan[b].type)),
            as: result.steps,
            range: result.range
        )
    }
}

/// Images one behind the other along their channels, each in its own steps.
private struct IntegerConcatOperator: LayerOperator {
    private let scales: [Float]
    private let zeros: [Int]
    private let result: ResultSteps?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        scales = try attributes.floats("x_scales") ?? []
        zeros = try attributes.ints("x_zeros") ?? []
        result = try ResultSteps(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let result, scales.count == node.inputs.count, zeros.count == scales.count else {
            throw .shape(node: node.name, reason: "what is joined are integers with their steps")
        }
        var parts: [(ValueID, ByteSteps)] = []
        for index in scales.indices {
            let id = try plan.byteInput(node, index)
            parts.append(
                (id, ByteSteps(scale: scales[index], zero: zeros[index], type: plan[id].type))
            )
        }
        try plan.integerJoint(node, parts, as: result.steps)
    }
}

/// The larger of two halves of the channels, channel by channel.
private struct IntegerMaxoutOperator: LayerOperator {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try plan.integerMaxout(node, plan.byteInput(node, 0))
    }
}

/// The mean of each channel.
private struct IntegerMeanOperator: LayerOperator {
    private let input: InputSteps
    private let result: ResultSteps?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        input = try InputSteps(&attributes)
        result = try ResultSteps(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let x = try plan.byteInput(node, 0)
        guard let result else {
            throw .shape(node: node.name, reason: "means of integers are integers")
        }
        try plan.integerMean(node, x, input.steps(plan[x].type), to: result.steps)
    }
}

/// A function's `values` at all 256 integers, the smallest first, quantised.
private struct IntegerFunctionOperator: LayerOperator {
    private let values: [Float]
    private let result: ResultSteps?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        values = try attributes.floats("values") ?? []
        result = try ResultSteps(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let x = try plan.byteInput(node, 0)
        guard let result, values.count == 256 else {
            throw .shape(node: node.name, reason: "a function of bytes has 256 values")
        }
        let steps = result.steps
        let table = values.map { value -> UInt8 in
            let integer = steps.integer(value)
            let held = min(max(integer, result.range.lowerBound), result.range.upperBound)
            return UInt8(truncatingIfNeeded: held + steps.shift)
        }
        try plan.lookedUp(node, x, table: table, type: steps.type)
    }
}
