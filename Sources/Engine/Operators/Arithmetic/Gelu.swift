import Compute
import Glibc
import Graph
import KernelInterface

extension Families {
    static let gelu: [String: DeclaredOperator] = [
        "Gelu": .init(Gelu.self, takes: 1...1, gives: 1...1)
    ]
}

/// x · Φ(x), Φ the normal distribution's integral: exactly, or by tanh.
struct Gelu: PlannedOperator {
    private let usesTanh: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let word = try attributes.string("approximate", default: "none")
        guard ["none", "tanh"].contains(word) else {
            throw attributes.mismatch("approximate", "none or tanh", .string(word))
        }
        usesTanh = word == "tanh"
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let values = try operands.floats(0).map { x in
            usesTanh
                ? 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
                // 1 + erf would lose all digits far below 0.
                : 0.5 * x * erfc(-x / 2.0.squareRoot())
        }
        return [try operands.result(input.shape.dimensions, values, input.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerFunction(node, ElementFunction(usesTanh ? .geluTanh : .gelu), into: &plan)
    }
}
