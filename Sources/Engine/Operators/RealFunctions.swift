import Compute
import Graph
import KernelInterface

/// Functions of one number, each a kernel's loop, in the layout the input has.
enum RealFunctions {
    static let operators: [any Operator.Type] =
        [
            Exp.self, Log.self, Erf.self, Sin.self, Cos.self, Tan.self, Softplus.self,
            Softsign.self, Mish.self, HardSwish.self, Abs.self, Neg.self, Sqrt.self,
            Reciprocal.self, Floor.self, Ceil.self, Round.self, Sign.self,
        ] + ParametrisedFunctions.operators
}

/// A function without attributes.
protocol PlainFunction: PlainOperator {
    static var function: UnaryFunction { get }

    /// The same on integers; nil where plans do not compute it.
    static var onIntegers: IntegerMap? { get }

    /// Whether 0 becomes a finite number, so that what lies beside a value's last channels stays harmless.
    static var isFiniteAtZero: Bool { get }
}

extension PlainFunction {
    static var isFiniteAtZero: Bool { true }
    static var onIntegers: IntegerMap? { nil }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if let function = Self.onIntegers, try plan.isInteger(node, 0) {
            try lowerIntegers(node, function, into: &plan)
            return
        }
        try lowerFunction(
            node,
            ElementFunction(Self.function),
            keepsLayout: Self.isFiniteAtZero,
            into: &plan
        )
    }
}

func lowerFunction(
    _ node: Node,
    _ function: ElementFunction,
    keepsLayout: Bool = true,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let kernels = plan.kernels
    try lowerActivation(node, into: &plan, keepsLayout: keepsLayout) { x, y, count in
        kernels.apply(function, x, into: y, count: count)
    }
}

/// e to the power of x.
struct Exp: PlainFunction {
    static let name = "Exp"
    static let function = UnaryFunction.exp
}

/// The natural logarithm.
struct Log: PlainFunction {
    static let name = "Log"
    static let function = UnaryFunction.log
    static let isFiniteAtZero = false
}

/// The error function.
struct Erf: PlainFunction {
    static let name = "Erf"
    static let function = UnaryFunction.erf
}

struct Sin: PlainFunction {
    static let name = "Sin"
    static let function = UnaryFunction.sin
}

struct Cos: PlainFunction {
    static let name = "Cos"
    static let function = UnaryFunction.cos
}

struct Tan: PlainFunction {
    static let name = "Tan"
    static let function = UnaryFunction.tan
}

/// log(1 + exp(x)).
struct Softplus: PlainFunction {
    static let name = "Softplus"
    static let function = UnaryFunction.softplus
}

/// x / (1 + |x|).
struct Softsign: PlainFunction {
    static let name = "Softsign"
    static let function = UnaryFunction.softsign
}

/// x · tanh(softplus(x)).
struct Mish: PlainFunction {
    static let name = "Mish"
    static let function = UnaryFunction.mish
}

/// x · max(0, min(1, x / 6 + 1 / 2)).
struct HardSwish: PlainFunction {
    static let name = "HardSwish"
    static let function = UnaryFunction.hardSwish
}

/// The magnitude.
struct Abs: PlainFunction {
    static let name = "Abs"
    static let function = UnaryFunction.abs
    static let onIntegers: IntegerMap? = .magnitude
}

/// −x.
struct Neg: PlainFunction {
    static let name = "Neg"
    static let function = UnaryFunction.neg
    static let onIntegers: IntegerMap? = .negate
}

/// The square root.
struct Sqrt: PlainFunction {
    static let name = "Sqrt"
    static let function = UnaryFunction.sqrt
}

/// 1 / x.
struct Reciprocal: PlainFunction {
    static let name = "Reciprocal"
    static let function = UnaryFunction.reciprocal
    static let isFiniteAtZero = false
}

struct Floor: PlainFunction {
    static let name = "Floor"
    static let function = UnaryFunction.floor
}

struct Ceil: PlainFunction {
    static let name = "Ceil"
    static let function = UnaryFunction.ceil
}

/// The nearest whole number; halves to the even one.
struct Round: PlainFunction {
    static let name = "Round"
    static let function = UnaryFunction.round
}

/// −1, 0 or 1.
struct Sign: PlainFunction {
    static let name = "Sign"
    static let function = UnaryFunction.sign
    static let onIntegers: IntegerMap? = .sign
}
