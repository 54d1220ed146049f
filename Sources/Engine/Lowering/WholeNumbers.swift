import Compute
import Graph
import KernelInterface

// What operators on two or more numbers, or on one, do with int32 and int64.

extension FloatArithmetic {
    /// The same on integers; nil where plans do not compute it.
    var onIntegers: IntegerFunction? {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .maximum: .maximum
        case .minimum: .minimum
        case .remainder: .remainder
        case .power, .prelu: nil
        }
    }
}

extension PlanBuilder {
    /// Whether an operand is of integers.
    mutating func isInteger(_ node: Node, _ index: Int) throws(ModelError) -> Bool {
        guard let id = try optionalTyped(node, index) else { return false }
        return self[id].type.isPlannedInteger
    }
}

/// z = x ∘ y of integers of one type.
func lowerIntegers(
    _ node: Node,
    _ function: IntegerFunction?,
    into plan: inout PlanBuilder
) throws(ModelError) {
    guard let function else {
        throw .shape(node: node.name, reason: "\(node.op) of integers is not planned")
    }
    let operands = (try plan.typed(node, 0), try plan.typed(node, 1))
    let (type, kernels) = (plan[operands.0].type, plan.kernels)
    guard type.isPlannedInteger else {
        throw .shape(node: node.name, reason: "\(node.op) of \(type.rawValue) is not planned")
    }
    let kind = plan[operands.0].kind
    let lowering = PairLowering(node: node, operands: operands, result: type)
    try lowering.lower(into: &plan) { x, y, z, count, steps in
        kernels.join(function, of: kind, x, y, into: z, count: count, steps: steps)
    }
}

/// y = f(x) of integers.
func lowerIntegers(
    _ node: Node,
    _ function: IntegerMap,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let source = try plan.typed(node, 0)
    let (type, kind, kernels) = (plan[source].type, plan[source].kind, plan.kernels)
    try lowerEach(node, source, to: type, into: &plan) { x, y, count in
        kernels.map(function, of: kind, x, into: y, count: count)
    }
}
