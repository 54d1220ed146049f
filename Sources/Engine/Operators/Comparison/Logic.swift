import Compute
import Graph
import KernelInterface

extension Families {
    static let logic: [String: DeclaredOperator] = [
        "And": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Or": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Xor": .init(Logic.self, takes: 2...2, gives: 1...1),
        "Not": .init(Not.self, takes: 1...1, gives: 1...1),
        "BitwiseNot": .init(Not.self, takes: 1...1, gives: 1...1),
    ]
}

/// And, Or and Xor of two truth values with NumPy's broadcasting.
struct Logic: PlannedOperator {
    private let legacy: LegacyBroadcast?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        legacy = try LegacyBroadcast(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard let x = a.elements.booleans, let y = b.elements.booleans else {
            throw operands.unfit(a.elements.booleans == nil ? a.type : b.type)
        }
        var other = b.shape.dimensions
        if let legacy { other = try legacy.aligned(other, with: a.shape, operands) }
        let shape = try operands.broadcast([a.shape, Shape(other)])
        let left = x.picked(broadcastOffsets(a.shape.dimensions, to: shape))
        let right = y.picked(broadcastOffsets(other, to: shape))
        let flags = zip(left, right).map { p, q in
            switch operands.node.op {
            case "And": p && q
            case "Or": p || q
            default: p != q
            }
        }
        return [Tensor(shape: Shape(shape), elements: .booleans(flags))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let operands = (try plan.typed(node, 0), try plan.typed(node, 1))
        guard plan[operands.0].type == .bool else {
            throw .shape(node: node.name, reason: "\(node.op) takes truth values")
        }
        let function: IntegerFunction =
            node.op == "And" ? .and : node.op == "Or" ? .or : .exclusiveOr
        let kernels = plan.kernels
        let lowering = PairLowering(node: node, operands: operands, result: .bool)
        try lowering.lower(into: &plan) { x, y, z, count, steps in
            kernels.join(function, of: .bool, x, y, into: z, count: count, steps: steps)
        }
    }
}

/// Not of truth values, BitwiseNot of integers.
struct Not: PlannedOperator {
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

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        guard node.op == "Not", plan[source].type == .bool else {
            throw .shape(node: node.name, reason: "no plan computes \(node.op)")
        }
        let kernels = plan.kernels
        try lowerEach(node, source, to: .bool, into: &plan) { x, y, count in
            kernels.map(.not, of: .bool, x, into: y, count: count)
        }
    }
}
