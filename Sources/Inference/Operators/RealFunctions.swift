import Compute
import Foundation

// Functions of one number that have no kernel of their own: plain loops, in the layout the input has.

/// max(0, min(1, alpha · x + beta)).
struct HardSigmoid: Operator {
    static let name = "HardSigmoid"
    private let alpha: Float
    private let beta: Float

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = try attributes.float("alpha", default: 0.2)
        beta = try attributes.float("beta", default: 0.5)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { [alpha, beta] x in
            let line = alpha * x + beta
            return line < 0 ? 0 : line > 1 ? 1 : line
        }
    }
}

/// x · max(0, min(1, x / 6 + 1 / 2)).
struct HardSwish: PlainOperator {
    static let name = "HardSwish"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { x in
            let line = x / 6 + 0.5
            return x * (line < 0 ? 0 : line > 1 ? 1 : line)
        }
    }
}

/// x < 0 ? alpha · x : x.
struct LeakyRelu: Operator {
    static let name = "LeakyRelu"
    private let alpha: Float

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = try attributes.float("alpha", default: 0.01)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { [alpha] x in x < 0 ? alpha * x : x }
    }
}

/// x < 0 ? alpha · (exp(x) − 1) : x.
struct Elu: Operator {
    static let name = "Elu"
    private let alpha: Float

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = try attributes.float("alpha", default: 1)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { [alpha] x in x < 0 ? alpha * expm1(x) : x }
    }
}

/// The error function.
struct Erf: PlainOperator {
    static let name = "Erf"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { erf($0) }
    }
}

/// e to the power of x.
struct Exp: PlainOperator {
    static let name = "Exp"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { exp($0) }
    }
}

/// The square root.
struct Sqrt: PlainOperator {
    static let name = "Sqrt"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { $0.squareRoot() }
    }
}

/// The magnitude.
struct Abs: PlainOperator {
    static let name = "Abs"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { abs($0) }
    }
}

/// −x.
struct Neg: PlainOperator {
    static let name = "Neg"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan) { -$0 }
    }
}

/// The natural logarithm.
struct Log: PlainOperator {
    static let name = "Log"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan, keepsLayout: false) { log($0) }
    }
}

/// 1 / x.
struct Reciprocal: PlainOperator {
    static let name = "Reciprocal"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, into: &plan, keepsLayout: false) { 1 / $0 }
    }
}

/// Inlined, so that each function becomes a loop of its own.
@inline(__always)
private func lowerFunction(
    _ node: Node,
    into plan: inout PlanBuilder,
    keepsLayout: Bool = true,
    _ function: @escaping @Sendable (Float) -> Float
) throws(ModelError) {
    try lowerActivation(node, into: &plan, keepsLayout: keepsLayout) { x, y, count in
        for index in 0..<count { y[index] = function(x[index]) }
    }
}
