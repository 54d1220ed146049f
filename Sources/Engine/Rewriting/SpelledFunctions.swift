import Graph

/// Functions that exporters write as several nodes: GELU, SiLU, Mish, hard swish and sigmoid, softplus.
///
/// The nodes before a product, quotient, sum or logarithm are multiplied out to a polynomial of one value and functions
/// of it, which does not depend on their order, and compared with those of known functions.
struct SpelledFunctions {
    private static let ends: Set = ["Mul", "Div", "Add", "Log", "Reciprocal"]
    /// One of which each pattern has.
    private static let functions: Set = [
        "Erf", "Tanh", "Sigmoid", "Softplus", "Exp", "Clip", "Min", "HardSigmoid",
    ]
    /// Nodes between the value and the end; the longest pattern has ten.
    private static let mostNodes = 16

    private let graph: EditedGraph
    private let wanted: Set<String>

    static func apply(to graph: Graph, wanted: Set<String>, known: KnownValues) -> Graph {
        guard graph.nodes.contains(where: { functions.contains($0.op) }) else { return graph }
        var result = EditedGraph(graph)
        for (index, node) in graph.nodes.enumerated() where ends.contains(node.op) {
            let reader = SpelledFunctions(graph: result, wanted: wanted)
            guard result[index].op == node.op, let reading = reader.read(index),
                reading.nodes.count > 1, let value = reading.value,
                let function = function(reading.polynomial), let output = node.outputs.first,
                let shape = known.floats(value), known.floats(output) == shape
            else { continue }
            for inner in reading.nodes where inner != index { result.remove(inner) }
            result[index] = Node(
                name: node.name,
                op: function.op,
                attributes: function.attributes,
                inputs: [value],
                outputs: node.outputs
            )
        }
        return result.graph
    }

    private struct Reading {
        var polynomial: Polynomial
        /// The one value that it is of; nil for a number.
        var value: String?
        /// The nodes that compute it.
        var nodes: [Int] = []

        /// Both with one polynomial; nil where they are of two values.
        func joined(
            _ other: Reading,
            _ join: (Polynomial, Polynomial) -> Polynomial?
        ) -> Reading? {
            guard value == nil || other.value == nil || value == other.value,
                let polynomial = join(polynomial, other.polynomial)
            else { return nil }
            let nodes = nodes + other.nodes
            guard nodes.count <= mostNodes else { return nil }
            return Reading(polynomial: polynomial, value: value ?? other.value, nodes: nodes)
        }
    }

    /// A value that only one node reads is what makes it; any other is the value of the polynomial.
    private func read(_ name: String, _ depth: Int) -> Reading {
        if let number = graph.number(name) {
            return Reading(polynomial: Polynomial(Self.exact(number)))
        }
        if depth < Self.mostNodes, let index = graph.soleMaker(name, wanted),
            let reading = read(index, depth + 1)
        {
            return reading
        }
        return Reading(polynomial: .value, value: name)
    }

    private func read(_ index: Int, _ depth: Int = 0) -> Reading? {
        let node = graph[index]
        guard let first = node.inputs.first, node.outputs.count == 1 else { return nil }
        let a = read(first, depth)
        var made: Reading?
        if node.inputs.count == 2, node.op != "Clip" {
            let b = read(node.inputs[1], depth)
            made = a.joined(b) { Self.joined(node.op, $0, $1) }
        } else if let polynomial = mapped(node, a.polynomial) {
            made = Reading(polynomial: polynomial, value: a.value, nodes: a.nodes)
        }
        made?.nodes.append(index)
        return made
    }

    private static func joined(_ op: String, _ a: Polynomial, _ b: Polynomial) -> Polynomial? {
        switch op {
        case "Add": return a + b
        case "Sub": return a + -1 * b
        case "Mul": return .product(a, b)
        case "Div": return inverse(b).flatMap { Polynomial.product(a, $0) }
        case "Pow":
            guard let power = b.number, power == 2 || power == 3 else { return nil }
            let square = Polynomial.product(a, a)
            return power == 2 ? square : square.flatMap { Polynomial.product($0, a) }
        case "Max" where b.number == 0: return Polynomial(.positive, of: a)
        case "Max" where a.number == 0: return Polynomial(.positive, of: b)
        case "Min":
            return b.number.flatMap { limited(a, $0) } ?? a.number.flatMap { limited(b, $0) }
        default: return nil
        }
    }

    private func mapped(_ node: Node, _ a: Polynomial) -> Polynomial? {
        switch node.op {
        case "Erf": return Polynomial(.erf, of: a)
        case "Tanh": return Polynomial(.tanh, of: a)
        case "Sigmoid": return Polynomial(.sigmoid, of: a)
        case "Softplus": return Polynomial(.softplus, of: a)
        case "Exp": return Polynomial(.exp, of: a)
        case "Relu": return Polynomial(.positive, of: a)
        case "Neg": return -1 * a
        case "Reciprocal": return Self.inverse(a)
        case "Log": return Self.exponent(a).map { Polynomial(.softplus, of: $0) }
        case "Clip":
            guard let bounds = graph.clipBounds(node), bounds[0] == 0, bounds[1] > 0,
                bounds[1] < .greatestFiniteMagnitude
            else { return nil }
            return Self.saturated(a, Double(bounds[1]))
        case "HardSigmoid":
            guard case .float(let slope) = node.attributes["alpha"] ?? .float(0.2),
                case .float(let offset) = node.attributes["beta"] ?? .float(0.5)
            else { return nil }
            let line = Self.exact(slope) * a + Polynomial(Self.exact(offset))
            return Polynomial(.saturated, of: line)
        default: return nil
        }
    }

    /// min(max(a, 0), limit).
    private static func saturated(_ a: Polynomial, _ limit: Double) -> Polynomial {
        limit * Polynomial(.saturated, of: 1 / limit * a)
    }

    private static func limited(_ a: Polynomial, _ limit: Double) -> Polynomial? {
        guard limit > 0 else { return nil }
        return a.argument(of: .positive).map { saturated($0, limit) }
    }

    /// x for 1 + exp(x).
    private static func exponent(_ a: Polynomial) -> Polynomial? {
        guard a.terms.count == 2,
            a.terms.contains(where: { $0.factors.isEmpty && $0.coefficient == 1 }),
            let term = a.terms.first(where: { !$0.factors.isEmpty }), term.coefficient == 1,
            term.factors.count == 1, case .function(.exp, let exponent) = term.factors[0]
        else { return nil }
        return exponent
    }

    /// 1 / a: of a number, or of 1 + exp(−x).
    private static func inverse(_ a: Polynomial) -> Polynomial? {
        if let number = a.number { return number == 0 ? nil : Polynomial(1 / number) }
        return exponent(a).map { Polynomial(.sigmoid, of: -1 * $0) }
    }

    private static let numbers = [
        2.squareRoot(), 0.5.squareRoot(), (2 / Double.pi).squareRoot(), 0.044715, 1.702, 1 / 6.0,
    ]

    /// The number that is meant; files of 16 bits have some that are rounded.
    private static func exact(_ number: Float) -> Double {
        numbers.first { Float($0) == number || $0.halfRounded == number } ?? Double(number)
    }
}

extension SpelledFunctions {
    private typealias Known = (op: String, attributes: [String: Attribute])

    /// √(2/π) (x + 0.044715 x³).
    private static let bend: Polynomial? = {
        let x = Polynomial.value
        guard let square = Polynomial.product(x, x), let cube = Polynomial.product(square, x) else {
            return nil
        }
        return (2 / Double.pi).squareRoot() * (x + 0.044715 * cube)
    }()

    /// Polynomials of functions without parameters.
    private static let plain: [(polynomial: Polynomial, known: Known)] = {
        let x = Polynomial.value
        func gated(_ gate: Polynomial?) -> Polynomial? {
            gate.flatMap { Polynomial.product(x, $0) }
        }
        func half(_ function: Polynomial) -> Polynomial { Polynomial(0.5) + 0.5 * function }
        let erf = Polynomial(.erf, of: 0.5.squareRoot() * x)
        let third = Polynomial(.saturated, of: 1 / 6.0 * x + Polynomial(0.5))
        let list: [(Polynomial?, Known)] = [
            (gated(half(erf)), ("Gelu", [:])),
            (
                gated(bend.map { half(Polynomial(.tanh, of: $0)) }),
                ("Gelu", ["approximate": .string("tanh")])
            ),
            (gated(Polynomial(.tanh, of: Polynomial(.softplus, of: x))), ("Mish", [:])),
            (gated(third), ("HardSwish", [:])),
            (Polynomial(.sigmoid, of: x), ("Sigmoid", [:])),
            (Polynomial(.softplus, of: x), ("Softplus", [:])),
        ]
        return list.compactMap { polynomial, known in polynomial.map { ($0, known) } }
    }()

    /// The operator that computes a polynomial.
    private static func function(_ polynomial: Polynomial) -> Known? {
        if let found = plain.first(where: { $0.polynomial.isClose(to: polynomial) }) {
            return found.known
        }
        if let line = polynomial.argument(of: .saturated)?.line, line.slope != 0, line.offset != 0 {
            let attributes: [String: Attribute] = [
                "alpha": .float(Float(line.slope)), "beta": .float(Float(line.offset)),
            ]
            return ("HardSigmoid", attributes)
        }
        guard let slope = polynomial.gateSlope else { return nil }
        return ("Swish", ["alpha": .float(Float(slope))])
    }
}

extension Polynomial {
    /// a for x · sigmoid(a · x).
    fileprivate var gateSlope: Double? {
        guard terms.count == 1, terms[0].coefficient == 1, terms[0].factors.count == 2,
            terms[0].factors.contains(.value)
        else { return nil }
        for case .function(.sigmoid, let argument) in terms[0].factors {
            guard let line = argument.line, line.offset == 0, line.slope != 0 else { return nil }
            return line.slope
        }
        return nil
    }
}

extension Double {
    /// Rounded to the eleven bits of float16.
    fileprivate var halfRounded: Float {
        let unit = Self.exp2Of(exponent: Int(exponent) - 10)
        return Float((self / unit).rounded(.toNearestOrEven) * unit)
    }

    private static func exp2Of(exponent: Int) -> Double {
        Double(sign: .plus, exponent: exponent, significand: 1)
    }
}
