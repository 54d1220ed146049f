import Compute
import Graph

extension Families {
    static let matrixProducts: [String: DeclaredOperator] = [
        "MatMul": .init(
            MatMul.self,
            takes: 2...2,
            gives: 1...1,
            own: ["activation", "activation_bounds"],
            traits: .whole
        )
    ]
}

/// The matrix product of NumPy: the last two axes, the others broadcast.
struct MatMul: PlannedOperator {
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        activation = try FusedActivation(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (a, b) = (try operands(0), try operands(1))
        guard a.type == b.type, let x = a.elements.doubles, let y = b.elements.doubles else {
            throw operands.fail("MatMul of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        let (sums, shape) = try operands.multiply(
            x,
            of: a.shape.dimensions,
            by: y,
            of: b.shape.dimensions
        )
        return [try operands.result(shape, sums, a.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        guard plan.shape(of: input).rank >= 1, let weights = plan.constant(node, 1),
            weights.shape.rank == 2, let values = weights.storedFloats
        else {
            try GeneralProduct(node: node).lower(into: &plan)
            return
        }
        try ConnectedLayer(
            node: node,
            weights: MatrixWeights(
                key: node.constantNames,
                inputs: weights.shape[0],
                units: weights.shape[1],
                values: values,
                isUnitMajor: false,
                small: weights.quantized
            ),
            bias: try bias(node, units: weights.shape[1], plan: plan),
            activation: activation
        ).lower(input, into: &plan)
    }

    /// The third input that fusing a following Add leaves here.
    private func bias(
        _ node: Node,
        units: Int,
        plan: PlanBuilder
    ) throws(ModelError) -> [Float] {
        guard node.inputs.count > 2 else { return Array(repeating: 0, count: units) }
        guard let bias = plan.constant(node, 2)?.floats, bias.count == units else {
            throw .shape(node: node.name, reason: "the bias must be \(units) constant numbers")
        }
        return bias
    }
}
