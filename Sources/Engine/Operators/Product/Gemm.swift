import Compute
import Graph

extension Families {
    static let scaledProducts: [String: DeclaredOperator] = [
        "Gemm": .init(
            Gemm.self,
            takes: 2...3,
            gives: 1...1,
            parameters: ["weight", "bias"],
            own: ["activation", "activation_bounds"],
            traits: .whole
        )
    ]
}

/// Y = alpha · A' · B' + beta · C; with constant B and C a fully connected layer.
struct Gemm: PlannedOperator {
    private let alpha: Float
    private let beta: Float
    private let transposesA: Bool
    private let transposesB: Bool
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        alpha = try attributes.float("alpha", default: 1)
        beta = try attributes.float("beta", default: 1)
        transposesA = try attributes.flag("transA", default: false)
        transposesB = try attributes.flag("transB", default: false)
        // Before opset 7 it said whether C is broadcast; it always may be.
        if attributes.opset < 7 { _ = try attributes.flag("broadcast", default: false) }
        activation = try FusedActivation(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        var (a, b) = (try operands(0), try operands(1))
        guard a.shape.rank == 2, b.shape.rank == 2 else {
            throw operands.fail("Gemm needs matrices, not \(a.shape) and \(b.shape)")
        }
        if transposesA { a = a.transposed([1, 0]) }
        if transposesB { b = b.transposed([1, 0]) }
        guard a.type == b.type, let x = a.elements.doubles, let y = b.elements.doubles else {
            throw operands.fail("Gemm of \(a.type.rawValue) and \(b.type.rawValue)")
        }
        var (sums, shape) = try operands.multiply(
            x,
            of: a.shape.dimensions,
            by: y,
            of: b.shape.dimensions
        )
        if alpha != 1 { sums = sums.map { $0 * Double(alpha) } }
        if let c = operands.optional(2), let addend = c.elements.doubles {
            guard try operands.broadcast([Shape(shape), c.shape]) == shape else {
                throw operands.fail("C \(c.shape) does not broadcast to \(Shape(shape))")
            }
            let places = broadcastOffsets(c.shape.dimensions, to: shape)
            for index in sums.indices {
                sums[index] += Double(beta) * addend[places?[index] ?? index]
            }
        }
        return [try operands.result(shape, sums, a.type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let shape = plan.shape(of: input)
        guard shape.rank == 2 else {
            throw .shape(
                node: node.name,
                reason: "Gemm needs a matrix, its input has shape \(shape)"
            )
        }
        if let layer = try connectedLayer(node, plan: plan) {
            try layer.lower(input, into: &plan)
        } else {
            try GeneralProduct(
                node: node,
                alpha: alpha,
                beta: beta,
                left: OperandOrder(isTransposed: transposesA),
                right: OperandOrder(isTransposed: transposesB)
            ).lower(into: &plan)
        }
    }

    /// The layer this is if the weights are constant and the bias is one number per unit.
    private func connectedLayer(
        _ node: Node,
        plan: PlanBuilder
    ) throws(ModelError) -> ConnectedLayer? {
        guard !transposesA, let weights = plan.constant(node, 1), weights.shape.rank == 2,
            let values = weights.storedFloats
        else { return nil }
        let (inputs, units) =
            transposesB
            ? (weights.shape[1], weights.shape[0]) : (weights.shape[0], weights.shape[1])
        var bias = [Float](repeating: 0, count: units)
        if node.inputs.count > 2, !node.inputs[2].isEmpty {
            guard let constant = plan.constant(node, 2), let numbers = constant.floats,
                numbers.count == units, constant.shape.dimensions.last == units
            else { return nil }
            bias = numbers.map { $0 * beta }
        }
        return ConnectedLayer(
            node: node,
            weights: MatrixWeights(
                key: "\(node.constantNames)/\(alpha)/\(beta)",
                inputs: inputs,
                units: units,
                values: alpha == 1 ? values : values.scaled(by: alpha),
                isUnitMajor: transposesB,
                small: alpha == 1 ? weights.quantized : nil
            ),
            bias: bias,
            activation: activation
        )
    }
}
