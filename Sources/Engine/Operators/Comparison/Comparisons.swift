import Compute
import Graph
import KernelInterface

extension Families {
    static let comparisons: [String: DeclaredOperator] = [
        "Equal": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "Less": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "LessOrEqual": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "Greater": .init(Comparison.self, takes: 2...2, gives: 1...1),
        "GreaterOrEqual": .init(Comparison.self, takes: 2...2, gives: 1...1),
    ]
}

/// Truth values of two operands with NumPy's broadcasting.
struct Comparison: PlannedOperator {
    private let legacy: LegacyBroadcast?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        legacy = try LegacyBroadcast(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard a.type == b.type else {
            throw operands.fail("\(operands.node.op) of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        var other = b.shape.dimensions
        if let legacy { other = try legacy.aligned(other, with: a.shape, operands) }
        let shape = try operands.broadcast([a.shape, Shape(other)])
        let left = a.broadcast(a.shape.dimensions, to: shape).elements
        let right = b.broadcast(other, to: shape).elements
        let op = operands.node.op
        let flags: [Bool]
        switch (left, right) {
        case (.strings(let x), .strings(let y)):
            guard op == "Equal" else { throw operands.unfit(a.type) }
            flags = zip(x, y).map { $0 == $1 }
        case (.floats(let x), .floats(let y)): flags = compare(x, y, op)
        case (.int32(let x), .int32(let y)): flags = compare(x, y, op)
        case (.uint64(let x), .uint64(let y)): flags = compare(x, y, op)
        default:
            if let x = left.signed, let y = right.signed {
                flags = compare(x, y, op)
            } else {
                flags = compare(left.doubles ?? [], right.doubles ?? [], op)
            }
        }
        return [Tensor(shape: Shape(shape), elements: .booleans(flags))]
    }

    private func compare<Value: Comparable>(_ a: [Value], _ b: [Value], _ op: String) -> [Bool] {
        switch op {
        case "Less": zip(a, b).map { $0 < $1 }
        case "LessOrEqual": zip(a, b).map { $0 <= $1 }
        case "Greater": zip(a, b).map { $0 > $1 }
        case "GreaterOrEqual": zip(a, b).map { $0 >= $1 }
        default: zip(a, b).map { $0 == $1 }
        }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let operands = (try plan.typed(node, 0), try plan.typed(node, 1))
        let exchanges = node.op.hasPrefix("Greater")
        let (first, second) = exchanges ? (operands.1, operands.0) : operands
        let (kernels, kind) = (plan.kernels, plan[first].kind)
        let relation: Relation =
            switch node.op {
            case "Less", "Greater": .less
            case "LessOrEqual", "GreaterOrEqual": .lessOrEqual
            default: .equal
            }
        let lowering = PairLowering(node: node, operands: (first, second), result: .bool)
        try lowering.lower(into: &plan) { x, y, z, count, steps in
            kernels.compare(relation, of: kind, x, y, into: z, count: count, steps: steps)
        }
    }
}
