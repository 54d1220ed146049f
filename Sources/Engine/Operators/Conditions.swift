import Compute
import Graph
import KernelInterface

/// Operators whose results are truth values, and the choice by them.
enum Conditions {
    static let operators: [any Operator.Type] = [
        Equal.self, Less.self, LessOrEqual.self, Greater.self, GreaterOrEqual.self,
        LogicalAnd.self, LogicalOr.self, LogicalXor.self, LogicalNot.self, IsNaN.self, IsInf.self,
        Where.self,
    ]
}

/// Two operands of one type, compared with NumPy's broadcasting.
protocol ComparingOperator: PlainOperator {
    static var relation: Relation { get }

    /// Whether the relation is asked of the operands in the other order.
    static var exchanges: Bool { get }
}

extension ComparingOperator {
    static var exchanges: Bool { false }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let operands = (try plan.typed(node, 0), try plan.typed(node, 1))
        let (first, second) = Self.exchanges ? (operands.1, operands.0) : operands
        let (kernels, kind) = (plan.kernels, plan[first].kind)
        let lowering = PairLowering(node: node, operands: (first, second), result: .bool)
        try lowering.lower(into: &plan) { x, y, z, count, steps in
            kernels.compare(Self.relation, of: kind, x, y, into: z, count: count, steps: steps)
        }
    }
}

struct Equal: ComparingOperator {
    static let name = "Equal"
    static let relation = Relation.equal
}

struct Less: ComparingOperator {
    static let name = "Less"
    static let relation = Relation.less
}

struct LessOrEqual: ComparingOperator {
    static let name = "LessOrEqual"
    static let relation = Relation.lessOrEqual
}

struct Greater: ComparingOperator {
    static let name = "Greater"
    static let relation = Relation.less
    static let exchanges = true
}

struct GreaterOrEqual: ComparingOperator {
    static let name = "GreaterOrEqual"
    static let relation = Relation.lessOrEqual
    static let exchanges = true
}

/// Two truth values joined with NumPy's broadcasting.
protocol LogicalOperator: PlainOperator {
    static var function: IntegerFunction { get }
}

extension LogicalOperator {
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let operands = (try plan.typed(node, 0), try plan.typed(node, 1))
        guard plan[operands.0].type == .bool else {
            throw .shape(node: node.name, reason: "\(node.op) takes truth values")
        }
        let kernels = plan.kernels
        let lowering = PairLowering(node: node, operands: operands, result: .bool)
        try lowering.lower(into: &plan) { x, y, z, count, steps in
            kernels.join(Self.function, of: .bool, x, y, into: z, count: count, steps: steps)
        }
    }
}

struct LogicalAnd: LogicalOperator {
    static let name = "And"
    static let function = IntegerFunction.and
}

struct LogicalOr: LogicalOperator {
    static let name = "Or"
    static let function = IntegerFunction.or
}

struct LogicalXor: LogicalOperator {
    static let name = "Xor"
    static let function = IntegerFunction.exclusiveOr
}

struct LogicalNot: PlainOperator {
    static let name = "Not"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.typed(node, 0)
        guard plan[source].type == .bool else {
            throw .shape(node: node.name, reason: "Not takes truth values")
        }
        let kernels = plan.kernels
        try lowerEach(node, source, to: .bool, into: &plan) { x, y, count in
            kernels.map(.not, of: .bool, x, into: y, count: count)
        }
    }
}

struct IsNaN: PlainOperator {
    static let name = "IsNaN"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerTest(node, .naN, into: &plan)
    }
}

/// Infinite of either sign, or of the signs that are asked for.
struct IsInf: Operator {
    static let name = "IsInf"
    private let test: FloatTest?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let positive = try attributes.flag("detect_positive", default: true)
        let negative = try attributes.flag("detect_negative", default: true)
        test =
            positive
            ? negative ? .infinite : .positiveInfinity : negative ? .negativeInfinity : nil
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard let test else {
            throw .shape(node: node.name, reason: "IsInf of no sign at all is not planned")
        }
        try lowerTest(node, test, into: &plan)
    }
}

private func lowerTest(
    _ node: Node,
    _ test: FloatTest,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let source = try plan.value(plan.input(node, 0), as: .dense)
    let kernels = plan.kernels
    try lowerEach(node, source, to: .bool, into: &plan) { x, y, count in
        kernels.classify(test, x.floats, into: y, count: count)
    }
}

/// A function of single elements, from one type to another.
func lowerEach(
    _ node: Node,
    _ source: ValueID,
    to type: ElementType,
    into plan: inout PlanBuilder,
    apply: @escaping @Sendable (_ x: BytePosition, _ y: BytePosition, _ count: Int) -> Void
) throws(ModelError) {
    let output = try plan.define(node.outputs[0], plan.shape(of: source), .dense, type: type)
    let stretches = Stretches(plan.shape(of: source).count)
    let widths = (plan[source].width, plan[output].width)
    plan.step(node.name, chunks: stretches.chunks, reads: [source], writes: [output], isExact: true)
    { placement in
        let (from, to) = (placement[source], placement[output])
        return { arena, chunk in
            let part = stretches[chunk]
            apply(
                from.position(in: arena).bytes + part.lowerBound * widths.0,
                to.position(in: arena).bytes + part.lowerBound * widths.1,
                part.count
            )
        }
    }
}

/// The second operand's element where the condition holds, else the third's, with NumPy's broadcasting.
struct Where: PlainOperator {
    static let name = "Where"

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let condition = try plan.typed(node, 0)
        let (x, y) = (try plan.typed(node, 1), try plan.typed(node, 2))
        let (type, width) = (plan[x].type, plan[x].width)
        guard plan[condition].type == .bool, plan[y].type == type else {
            throw .shape(
                node: node.name,
                reason: "Where of \(plan[condition].type.rawValue), \(type.rawValue) "
                    + "and \(plan[y].type.rawValue)"
            )
        }
        let shapes = [condition, x, y].map { plan.shape(of: $0) }
        guard let both = broadcastShape(shapes[1], shapes[2]),
            let shape = broadcastShape(shapes[0], both)
        else {
            throw .shape(
                node: node.name,
                reason: "\(shapes[0]), \(shapes[1]) and \(shapes[2]) do not broadcast"
            )
        }
        let output = try plan.define(node.outputs[0], shape, .dense, type: type)
        let walk = TripleWalk(
            shape.dimensions,
            shapes.map { StrideWalk.strides(of: $0.dimensions, in: shape.dimensions) }
        )
        let kernels = plan.kernels
        let reads = [condition, x, y]
        plan.step(node.name, chunks: walk.chunks, reads: reads, writes: [output], isExact: true) {
            placement in
            let (c, a, b) = (placement[condition], placement[x], placement[y])
            let to = placement[output]
            return { arena, chunk in
                let flags = c.position(in: arena).bytes
                let (first, second) = (a.position(in: arena).bytes, b.position(in: arena).bytes)
                let result = to.position(in: arena).bytes
                walk.forEachStretch(ofChunk: chunk) { start, count, offsets in
                    kernels.select(
                        width: width,
                        flags + offsets.0,
                        first + offsets.1 * width,
                        second + offsets.2 * width,
                        into: result + start * width,
                        count: count,
                        steps: walk.steps
                    )
                }
            }
        }
    }
}
