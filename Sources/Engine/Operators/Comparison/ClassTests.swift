import Compute
import Graph
import KernelInterface

extension Families {
    static let classTests: [String: DeclaredOperator] = [
        "IsNaN": .init(ClassTest.self, takes: 1...1, gives: 1...1),
        "IsInf": .init(ClassTest.self, takes: 1...1, gives: 1...1),
    ]
}

/// IsNaN, and IsInf of the signs that are asked for.
struct ClassTest: PlannedOperator {
    private let isNaN: Bool
    private let (positive, negative): (Bool, Bool)

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        isNaN = attributes.op == "IsNaN"
        positive = isNaN ? true : try attributes.flag("detect_positive", default: true)
        negative = isNaN ? true : try attributes.flag("detect_negative", default: true)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let values = try operands.floats(0)
        let flags = values.map { x in
            isNaN ? x.isNaN : x.isInfinite && (x > 0 ? positive : negative)
        }
        return [Tensor(shape: try operands(0).shape, elements: .booleans(flags))]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        guard positive || negative else {
            throw .shape(node: node.name, reason: "IsInf of no sign at all is not planned")
        }
        let infinite: FloatTest =
            positive ? negative ? .infinite : .positiveInfinity : .negativeInfinity
        let test = isNaN ? FloatTest.naN : infinite
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let kernels = plan.kernels
        try lowerEach(node, source, to: .bool, into: &plan) { x, y, count in
            kernels.classify(test, x.floats, into: y, count: count)
        }
    }
}
