import Compute
import Graph
import KernelInterface

/// Functions of one number that have attributes.
enum ParametrisedFunctions {
    static let operators: [any Operator.Type] = [
        HardSigmoid.self, LeakyRelu.self, Elu.self, Selu.self, Celu.self, ThresholdedRelu.self,
        Shrink.self, Swish.self, Gelu.self, Narrow.self,
    ]
}

/// A function whose kernel has been chosen by its attributes.
protocol ParametrisedFunction: Operator {
    var function: ElementFunction { get }
}

extension ParametrisedFunction {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, function, into: &plan)
    }
}

/// max(0, min(1, alpha · x + beta)).
struct HardSigmoid: ParametrisedFunction {
    static let name = "HardSigmoid"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let alpha = try attributes.float("alpha", default: 0.2)
        let beta = try attributes.float("beta", default: 0.5)
        function = ElementFunction(.hardSigmoid, alpha, beta)
    }
}

/// x < 0 ? alpha · x : x.
struct LeakyRelu: ParametrisedFunction {
    static let name = "LeakyRelu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        function = ElementFunction(.leakyRelu, try attributes.float("alpha", default: 0.01))
    }
}

/// x < 0 ? alpha · (exp(x) − 1) : x.
struct Elu: ParametrisedFunction {
    static let name = "Elu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        function = ElementFunction(.elu, try attributes.float("alpha", default: 1), 1)
    }
}

/// gamma · (x < 0 ? alpha · (exp(x) − 1) : x).
struct Selu: ParametrisedFunction {
    static let name = "Selu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let alpha = try attributes.float("alpha", default: 1.67326319217681884765625)
        let gamma = try attributes.float("gamma", default: 1.05070102214813232421875)
        function = ElementFunction(.selu, Float(Double(gamma) * Double(alpha)), gamma)
    }
}

/// x < 0 ? alpha · (exp(x / alpha) − 1) : x.
struct Celu: ParametrisedFunction {
    static let name = "Celu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let alpha = try attributes.float("alpha", default: 1)
        guard alpha > 0, (1 / alpha).isFinite else {
            throw attributes.mismatch("alpha", "more than 0", .float(alpha))
        }
        function = ElementFunction(.elu, alpha, 1 / alpha)
    }
}

/// x > alpha ? x : 0.
struct ThresholdedRelu: ParametrisedFunction {
    static let name = "ThresholdedRelu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        function = ElementFunction(.thresholdedRelu, try attributes.float("alpha", default: 1))
    }
}

/// x < −lambd ? x + bias : x > lambd ? x − bias : 0.
struct Shrink: ParametrisedFunction {
    static let name = "Shrink"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let threshold = try attributes.float("lambd", default: 0.5)
        function = ElementFunction(.shrink, threshold, try attributes.float("bias", default: 0))
    }
}

/// x / (1 + exp(−alpha · x)).
struct Swish: ParametrisedFunction {
    static let name = "Swish"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        function = ElementFunction(.swish, try attributes.float("alpha", default: 1))
    }
}

/// x · Φ(x), Φ the normal distribution's integral: exactly, or by tanh.
struct Gelu: ParametrisedFunction {
    static let name = "Gelu"
    let function: ElementFunction

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("approximate", default: "none")
        switch word {
        case "none": function = ElementFunction(.gelu)
        case "tanh": function = ElementFunction(.geluTanh)
        default: throw attributes.mismatch("approximate", "none or tanh", .string(word))
        }
    }
}
