import Compute
import Glibc
import Graph
import KernelInterface

extension Families {
    static let realFunctions: [String: DeclaredOperator] = Dictionary(
        uniqueKeysWithValues: (Array(RealFunction.plain.keys)
            + Array(RealFunction.parametrised.keys)).map {
                ($0, DeclaredOperator(RealFunction.self, takes: 1...1, gives: 1...1))
            }
    )
}

/// A function of real numbers, element by element: its definition, and a kernel's loop in the layout the input has.
struct RealFunction: PlannedOperator {
    typealias Function = @Sendable (Double) -> Double

    /// The definition, and the kernel if there is one.
    static let plain: [String: (definition: Function, kernel: UnaryFunction?)] = [
        "Acos": ({ acos($0) }, .acos),
        "Acosh": ({ acosh($0) }, .acosh),
        "Asin": ({ asin($0) }, .asin),
        "Asinh": ({ asinh($0) }, .asinh),
        "Atan": ({ atan($0) }, .atan),
        "Atanh": ({ atanh($0) }, .atanh),
        "Ceil": ({ $0.rounded(.up) }, .ceil),
        "Cos": ({ cos($0) }, .cos),
        "Cosh": ({ cosh($0) }, .cosh),
        "Erf": ({ erf($0) }, .erf),
        "Exp": ({ exp($0) }, .exp),
        "Floor": ({ $0.rounded(.down) }, .floor),
        "HardSwish": ({ $0 * max(0, min(1, $0 / 6 + 0.5)) }, .hardSwish),
        "Log": ({ log($0) }, .log),
        "Mish": ({ $0 * tanh(log1p(exp($0))) }, .mish),
        "Reciprocal": ({ 1 / $0 }, .reciprocal),
        // Halves to the even number.
        "Round": ({ $0.rounded(.toNearestOrEven) }, .round),
        "Sigmoid": ({ sigmoid($0) }, nil),
        "Sin": ({ sin($0) }, .sin),
        "Sinh": ({ sinh($0) }, .sinh),
        "Softplus": ({ $0 > 0 ? $0 + log1p(exp(-$0)) : log1p(exp($0)) }, .softplus),
        "Softsign": ({ $0 / (1 + abs($0)) }, .softsign),
        "Sqrt": ({ $0.squareRoot() }, .sqrt),
        "Tan": ({ tan($0) }, .tan),
        "Tanh": ({ tanh($0) }, nil),
    ]

    /// A function of up to two attributes.
    struct Parametrised: Sendable {
        let attributes: [(name: String, standard: Float)]
        let definition: @Sendable (Double, Double) -> Function
        /// Nil for attributes that the kernel does not take.
        let kernel: @Sendable (Float, Float) -> ElementFunction?
    }

    static let parametrised: [String: Parametrised] = [
        // max(0, x) + min(0, alpha · (exp(x / alpha) − 1)).
        "Celu": Parametrised(
            attributes: [("alpha", 1)],
            definition: { a, _ in { max(0, $0) + min(0, a * expm1($0 / a)) } },
            kernel: { a, _ in
                a > 0 && (1 / a).isFinite ? ElementFunction(.elu, a, 1 / a) : nil
            }
        ),
        "Elu": Parametrised(
            attributes: [("alpha", 1)],
            definition: { a, _ in { $0 < 0 ? a * expm1($0) : $0 } },
            kernel: { a, _ in ElementFunction(.elu, a, 1) }
        ),
        "HardSigmoid": Parametrised(
            attributes: [("alpha", 0.2), ("beta", 0.5)],
            definition: { a, b in { max(0, min(1, a * $0 + b)) } },
            kernel: { ElementFunction(.hardSigmoid, $0, $1) }
        ),
        "LeakyRelu": Parametrised(
            attributes: [("alpha", 0.01)],
            definition: { a, _ in { $0 < 0 ? a * $0 : $0 } },
            kernel: { a, _ in ElementFunction(.leakyRelu, a) }
        ),
        "Selu": Parametrised(
            attributes: [
                ("alpha", 1.67326319217681884765625), ("gamma", 1.05070102214813232421875),
            ],
            definition: { a, g in { g * ($0 > 0 ? $0 : a * expm1($0)) } },
            kernel: { a, g in ElementFunction(.selu, Float(Double(g) * Double(a)), g) }
        ),
        "Shrink": Parametrised(
            attributes: [("lambd", 0.5), ("bias", 0)],
            definition: { l, b in { $0 < -l ? $0 + b : $0 > l ? $0 - b : 0 } },
            kernel: { ElementFunction(.shrink, $0, $1) }
        ),
        "Swish": Parametrised(
            attributes: [("alpha", 1)],
            definition: { a, _ in { $0 * sigmoid(a * $0) } },
            kernel: { a, _ in ElementFunction(.swish, a) }
        ),
        "ThresholdedRelu": Parametrised(
            attributes: [("alpha", 1)],
            definition: { a, _ in { $0 > a ? $0 : 0 } },
            kernel: { a, _ in ElementFunction(.thresholdedRelu, a) }
        ),
    ]

    private let function: Function
    private let kernel: ElementFunction?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        if let plain = Self.plain[attributes.op] {
            // Operators of opset 1 name inputs that may be overwritten.
            if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
            function = plain.definition
            kernel = plain.kernel.map { ElementFunction($0) }
            return
        }
        guard let parametrised = Self.parametrised[attributes.op] else {
            throw .unsupportedOperator(node: attributes.node, op: attributes.op)
        }
        var values: [Float] = [0, 0]
        for (index, (name, value)) in parametrised.attributes.enumerated() {
            let old = attributes.op == "Selu" && attributes.opset < 6
            let standard = old ? (name == "alpha" ? 1.6732 : 1.0507) : value
            values[index] = try attributes.float(name, default: standard)
        }
        if attributes.opset < 6 { _ = try attributes.ints("consumed_inputs") }
        function = parametrised.definition(Double(values[0]), Double(values[1]))
        kernel = parametrised.kernel(values[0], values[1])
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        guard let numbers = input.elements.doubles, input.type != .bool else {
            throw operands.unfit(input.type)
        }
        let values = numbers.map(function)
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let kernels = plan.kernels
        switch node.op {
        case "Tanh":
            try lowerActivation(node, into: &plan, effort: 24) {
                kernels.activate(Activation.tanh, $0, into: $1, count: $2)
            }
        case "Sigmoid":
            try lowerActivation(node, into: &plan, effort: 24) {
                kernels.activate(Activation.sigmoid, $0, into: $1, count: $2)
            }
        default:
            guard let kernel else {
                throw .shape(node: node.name, reason: "no kernel computes \(node.op)")
            }
            // What lies beside a value's last channels is 0, and has to stay harmless.
            let isFiniteAtZero = !["Acosh", "Log", "Reciprocal"].contains(node.op)
            try lowerFunction(node, kernel, keepsLayout: isFiniteAtZero, into: &plan)
        }
    }
}
