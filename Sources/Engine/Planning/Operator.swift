import Compute
import Graph

/// One operator of ONNX or of our own domain, in all of its versions: pure, immutable, attributes read once.
protocol Operator: Sendable {
    /// What the definition makes of an element of an input beside the result, in bytes; 0 where elements only move.
    static var bytesPerInput: Int { get }

    /// Reads every attribute by the rules of `attributes.opset`; what is not supported throws.
    init(_ attributes: inout AttributeReader) throws(ModelError)

    /// Refuses, when the model is loaded, what constants among the inputs ask for and is not supported.
    func check(_ node: Node, constant: (_ input: Int) -> Tensor?) throws(ModelError)

    /// The definition, over tensors of any type and any concrete shapes: the outputs in order; those nobody named may
    /// be left out.
    ///
    /// Slow and obvious: it folds constants, is the reference of `lower`, and serves what plans cannot.
    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor]
}

extension Operator {
    /// A number of 64 bits, another in its place, and what that becomes.
    static var bytesPerInput: Int { 24 }

    func check(_ node: Node, constant: (_ input: Int) -> Tensor?) throws(ModelError) {}

    /// The outputs, of shapes and in an amount of memory that all that follows can rely on.
    func outputs(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let copies = operands.tensors.reduce(0) { $0 + ($1?.count ?? 0) }
            .multipliedReportingOverflow(by: Self.bytesPerInput)
        let results = try operands.context.memory.whileHolding(
            bytes: copies.overflow ? .max : copies.partialValue
        ) { () throws(ModelError) in
            try evaluate(operands)
        }
        for result in results where !result.shape.isUsual {
            throw operands.fail("a value of shape \(result.shape) is too large")
        }
        return results
    }
}

/// An operator that plans compute.
protocol PlannedOperator: Operator {
    /// Infers the outputs' shapes and types, and adds the steps that compute them.
    ///
    /// A plan on trial keeps the shapes alone.
    /// - Throws: why it is computed by definition instead, or what is wrong with the shapes.
    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError)
}

/// An operator of our own that model.json and rewrites alone can say: its definition is in the tests.
protocol LayerOperator: PlannedOperator {}

extension LayerOperator {
    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        throw operands.fail("\(operands.node.op) is computed by plans only")
    }
}
