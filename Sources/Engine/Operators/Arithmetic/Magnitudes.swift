import Compute
import Graph
import KernelInterface

extension Families {
    static let magnitudes: [String: DeclaredOperator] = [
        "Abs": .init(Magnitude.self, takes: 1...1, gives: 1...1),
        "Neg": .init(Magnitude.self, takes: 1...1, gives: 1...1),
        "Sign": .init(Magnitude.self, takes: 1...1, gives: 1...1),
        "Relu": .init(Magnitude.self, takes: 1...1, gives: 1...1),
    ]
}

/// Abs, Neg, Sign and Relu, exact in every type of number.
struct Magnitude: PlannedOperator {
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if try plan.isInteger(node, 0) {
            let function: IntegerMap =
                switch op {
                case "Abs": .magnitude
                case "Neg": .negate
                case "Sign": .sign
                default: .positive
                }
            try lowerIntegers(node, function, into: &plan)
            return
        }
        let kernels = plan.kernels
        switch op {
        case "Abs": try lowerFunction(node, ElementFunction(.abs), into: &plan)
        case "Neg": try lowerFunction(node, ElementFunction(.neg), into: &plan)
        case "Sign": try lowerFunction(node, ElementFunction(.sign), into: &plan)
        default:
            try lowerActivation(node, into: &plan) {
                kernels.activate(Activation.relu, $0, into: $1, count: $2)
            }
        }
    }
}
