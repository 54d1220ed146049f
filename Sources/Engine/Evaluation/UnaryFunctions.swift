import Compute
import Foundation
import Graph

extension Evaluators {
    static let unaryFunctions: [String: EvaluatedOperator] =
        [
            "Abs": .init(Magnitude.self, takes: 1...1, gives: 1...1),
            "Neg": .init(Magnitude.self, takes: 1...1, gives: 1...1),
            "Sign": .init(Magnitude.self, takes: 1...1, gives: 1...1),
            "Relu": .init(Magnitude.self, takes: 1...1, gives: 1...1),
            "Clip": .init(Clip.self, takes: 1...3, gives: 1...1),
            "IsNaN": .init(FloatTest.self, takes: 1...1, gives: 1...1),
            "IsInf": .init(FloatTest.self, takes: 1...1, gives: 1...1),
            "Not": .init(Not.self, takes: 1...1, gives: 1...1),
            "Gelu": .init(GaussianLinear.self, takes: 1...1, gives: 1...1),
            "BitwiseNot": .init(Not.self, takes: 1...1, gives: 1...1),
        ].merging(
            RealFunction.names.map {
                ($0, EvaluatedOperator(RealFunction.self, takes: 1...1, gives: 1...1))
            }
        ) { first, _ in first }
}

/// A function of real numbers, element by element.
private struct RealFunction: Evaluated {
    static let names = Array(plain.keys) + Array(parametrised.keys)

    private let function: @Sendable (Double) -> Double

    private static let plain: [String: @Sendable (Double) -> Double] = [
        "Acos": { acos($0) }, "Acosh": { acosh($0) }, "Asin": { asin($0) },
        "Asinh": { asinh($0) }, "Atan": { atan($0) }, "Atanh": { atanh($0) },
        "Ceil": { $0.rounded(.up) }, "Cos": { cos($0) }, "Cosh": { cosh($0) },
        "Erf": { erf($0) }, "Exp": { exp($0) }, "Floor": { $0.rounded(.down) },
        "HardSwish": { $0 * max(0, min(1, $0 / 6 + 0.5)) }, "Log": { log($0) },
        "Mish": { $0 * tanh(log1p(exp($0))) }, "Reciprocal": { 1 / $0 },
        "Round": { $0.rounded(.toNearestOrEven) }, "Sigmoid": { sigmoid($0) },
        "Sin": { sin($0) }, "Sinh": { sinh($0) },
        "Softplus": { $0 > 0 ? $0 + log1p(exp(-$0)) : log1p(exp($0)) },
        "Softsign": { $0 / (1 + abs($0)) }, "Sqrt": { $0.squareRoot() },
        "Tan": { tan($0) }, "Tanh": { tanh($0) },
    ]

    private typealias Maker = @Sendable (Double, Double) -> @Sendable (Double) -> Double

    /// Functions of up to two attributes with their defaults.
    private static let parametrised: [String: (attributes: [(String, Float)], make: Maker)] = [
        "Celu": ([("alpha", 1)], { a, _ in { max(0, $0) + min(0, a * expm1($0 / a)) } }),
        "Elu": ([("alpha", 1)], { a, _ in { $0 < 0 ? a * expm1($0) : $0 } }),
        "HardSigmoid": (
            [("alpha", 0.2), ("beta", 0.5)], { a, b in { max(0, min(1, a * $0 + b)) } }
        ),
        "LeakyRelu": ([("alpha", 0.01)], { a, _ in { $0 < 0 ? a * $0 : $0 } }),
        "Selu": (
            [("alpha", 1.67326319217681884765625), ("gamma", 1.05070102214813232421875)],
            { a, g in { g * ($0 > 0 ? $0 : a * expm1($0)) } }
        ),
        "Shrink": (
            [("lambd", 0.5), ("bias", 0)],
            { l, b in { $0 < -l ? $0 + b : $0 > l ? $0 - b : 0 } }
        ),
        "Swish": ([("alpha", 1)], { a, _ in { $0 * sigmoid(a * $0) } }),
        "ThresholdedRelu": ([("alpha", 1)], { a, _ in { $0 > a ? $0 : 0 } }),
    ]

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        if let plain = Self.plain[attributes.op] {
            // Operators of opset 1 name inputs that may be overwritten.
            if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
            function = plain
            return
        }
        guard let (names, make) = Self.parametrised[attributes.op] else {
            throw .unsupportedOperator(node: attributes.node, op: attributes.op)
        }
        var values = [0.0, 0.0]
        for (index, (name, value)) in names.enumerated() {
            let old = attributes.op == "Selu" && attributes.opset < 6
            let standard = old ? (name == "alpha" ? 1.6732 : 1.0507) : value
            values[index] = Double(try attributes.float(name, default: standard))
        }
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
        function = make(values[0], values[1])
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let numbers = input.elements.doubles, input.type != .bool else {
            throw operands.unfit(input.type)
        }
        let values = numbers.map(function)
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}

func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// Abs, Neg, Sign and Relu, exact in every type of number.
private struct Magnitude: Evaluated {
    private let op: String

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        op = attributes.op
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let numbers: Numbers =
            switch try operands.numbers(0) {
            case .floats(let values): .floats(values.map(real))
            case .signed(let values): .signed(values.map(integer))
            case .unsigned(let values): .unsigned(op == "Sign" ? values.map { min($0, 1) } : values)
            }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }

    private func real(_ x: Double) -> Double {
        switch op {
        case "Abs": abs(x)
        case "Neg": -x
        case "Sign": x > 0 ? 1 : x < 0 ? -1 : x
        default: x < 0 ? 0 : x
        }
    }

    private func integer(_ x: Int) -> Int {
        switch op {
        case "Abs": x == .min ? x : abs(x)
        case "Neg": 0 &- x
        case "Sign": x.signum()
        default: max(x, 0)
        }
    }
}

/// min(max(x, low), high); the bounds are attributes before opset 11, inputs since.
private struct Clip: Evaluated {
    private let bounds: (low: Float, high: Float)?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard attributes.opset < 11 else {
            bounds = nil
            return
        }
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
        let largest = Float.greatestFiniteMagnitude
        bounds = (
            try attributes.float("min", default: -largest),
            try attributes.float("max", default: largest)
        )
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        for index in 1...2 {
            guard let bound = operands.optional(index) else { continue }
            guard bound.type == input.type, bound.count == 1 else {
                throw operands.fail("the bounds of Clip must be single numbers of its input's type")
            }
        }
        let (low, high) = (operands.optional(1)?.elements, operands.optional(2)?.elements)
        let numbers: Numbers
        switch try operands.numbers(0) {
        case .floats(let values):
            let low = bounds.map { Double($0.low) } ?? low?.doubles?[0] ?? -.infinity
            let high = bounds.map { Double($0.high) } ?? high?.doubles?[0] ?? .infinity
            numbers = .floats(values.map { $0.isNaN ? $0 : min(max($0, low), high) })
        case .signed(let values):
            let (low, high) = (low?.signed?[0] ?? .min, high?.signed?[0] ?? .max)
            numbers = .signed(values.map { min(max($0, low), high) })
        case .unsigned(let values):
            let (low, high) = (low?.unsigned?[0] ?? .min, high?.unsigned?[0] ?? .max)
            numbers = .unsigned(values.map { min(max($0, low), high) })
        }
        guard let elements = Tensor.Elements(numbers, as: input.type) else {
            throw operands.unfit(input.type)
        }
        return [Tensor(shape: input.shape, elements: elements)]
    }
}

extension Tensor.Elements {
    var unsigned: [UInt64]? {
        if case .uint64(let values) = self { values } else { nil }
    }

    var booleans: [Bool]? {
        if case .booleans(let values) = self { values } else { nil }
    }
}

private struct FloatTest: Evaluated {
    private let isNaN: Bool
    private let (positive, negative): (Bool, Bool)

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isNaN = attributes.op == "IsNaN"
        positive = isNaN ? true : try attributes.flag("detect_positive", default: true)
        negative = isNaN ? true : try attributes.flag("detect_negative", default: true)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let values = try operands.floats(0)
        let flags = values.map { x in
            isNaN ? x.isNaN : x.isInfinite && (x > 0 ? positive : negative)
        }
        return [Tensor(shape: try operands(0).shape, elements: .booleans(flags))]
    }
}

/// Not of truth values, BitwiseNot of integers.
private struct Not: Evaluated {
    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        if operands.node.op == "Not" {
            guard let values = input.elements.booleans else { throw operands.unfit(input.type) }
            return [Tensor(shape: input.shape, elements: .booleans(values.map { !$0 }))]
        }
        if let values = input.elements.unsigned {
            return [Tensor(shape: input.shape, elements: .uint64(values.map { ~$0 }))]
        }
        guard input.type.isInteger, let values = input.elements.signed else {
            throw operands.unfit(input.type)
        }
        return [try operands.result(input.shape.dimensions, values.map { ~$0 }, input.type)]
    }
}

/// x · Φ(x), exactly or by tanh.
private struct GaussianLinear: Evaluated {
    private let usesTanh: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("approximate", default: "none")
        guard ["none", "tanh"].contains(word) else {
            throw attributes.mismatch("approximate", "none or tanh", .string(word))
        }
        usesTanh = word == "tanh"
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0).map { x in
            usesTanh
                ? 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
                // 1 + erf would lose all digits far below 0.
                : 0.5 * x * erfc(-x / 2.0.squareRoot())
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }
}
