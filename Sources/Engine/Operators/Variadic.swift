import Compute
import Graph
import KernelInterface

/// The remainder with the dividend's sign, as C's fmod has it, or of integers with the divisor's, as Python's.
struct Mod: Operator {
    static let name = "Mod"
    private let isCs: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isCs = try attributes.flag("fmod", default: false)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if try plan.isInteger(node, 0) {
            try lowerIntegers(node, isCs ? .remainder : .modulo, into: &plan)
            return
        }
        guard isCs else {
            throw .shape(node: node.name, reason: "Mod of floats is planned with fmod = 1 only")
        }
        try ElementwiseLowering(node: node, operation: .remainder).lower(into: &plan)
    }
}

/// The greatest of some numbers; NaN if one of them is.
struct Max: VariadicOperator {
    static let name = "Max"
    static let operation = FloatArithmetic.maximum
}

/// The smallest of some numbers; NaN if one of them is.
struct Min: VariadicOperator {
    static let name = "Min"
    static let operation = FloatArithmetic.minimum
}

/// a + b + …, from the left.
struct Sum: VariadicOperator {
    static let name = "Sum"
    static let operation = FloatArithmetic.add
}

/// (a + b + …) / n.
struct Mean: VariadicOperator {
    static let name = "Mean"
    static let operation = FloatArithmetic.add
    static let isAverage = true
}

/// Two or more operands, combined from the left.
protocol VariadicOperator: PlainOperator {
    static var operation: FloatArithmetic { get }

    /// Whether the result is divided by the number of operands.
    static var isAverage: Bool { get }
}

extension VariadicOperator {
    static var isAverage: Bool { false }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let count = node.inputs.count
        guard count >= 2 else {
            throw .shape(node: node.name, reason: "\(Self.name) of two inputs or more is planned")
        }
        var last = node.inputs[0]
        for index in 1..<count {
            let isResult = index + 1 == count && !Self.isAverage
            var part = node
            part.inputs = [last, node.inputs[index]]
            part.outputs = [isResult ? node.outputs[0] : "\(node.outputs[0])/\(index)"]
            if try plan.isInteger(part, 0), !Self.isAverage {
                try lowerIntegers(part, Self.operation.onIntegers, into: &plan)
            } else {
                try ElementwiseLowering(node: part, operation: Self.operation).lower(into: &plan)
            }
            last = part.outputs[0]
        }
        guard Self.isAverage else { return }
        var quotient = node
        quotient.inputs = [last, "\(node.outputs[0])/count"]
        plan.graph.constants[quotient.inputs[1]] = Tensor(shape: [], floats: [Float(count)])
        try ElementwiseLowering(node: quotient, operation: .divide).lower(into: &plan)
    }
}
