import Compute
import Graph

/// An operator computed by its definition over tensors of any type and any concrete shapes.
///
/// Slow and obvious beside an `Operator` that a plan runs: it serves constants, types other than float32, and
/// shapes that depend on values.
protocol Evaluated: Sendable {
    /// Whether inputs are copied as numbers of 64 bits, and not only moved.
    static var widens: Bool { get }

    /// Reads every attribute by the rules of `attributes.opset`; what is not supported throws.
    init(_ attributes: inout AttributeReader) throws(ModelError)

    /// Refuses, when the model is loaded, what constants among the inputs ask for and is not supported.
    func check(_ node: Node, constant: (_ input: Int) -> Tensor?) throws(ModelError)

    /// The outputs in order; those nobody named may be left out.
    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor]
}

extension Evaluated {
    static var widens: Bool { true }

    func check(_ node: Node, constant: (_ input: Int) -> Tensor?) throws(ModelError) {}

    /// The outputs, of shapes and in an amount of memory that all that follows can rely on.
    func outputs(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let results =
            Self.widens
            ? try operands.context.memory.whileCopying(operands.tensors) {
                () throws(ModelError) in
                try evaluate(operands)
            } : try evaluate(operands)
        for result in results where !result.shape.isUsual {
            throw operands.fail("a value of shape \(result.shape) is too large")
        }
        return results
    }
}

/// An operator's declaration: what computes it, and how many inputs and outputs it has in any version.
struct EvaluatedOperator: Sendable {
    let type: any Evaluated.Type
    /// From the inputs that no version leaves out to all that any version knows.
    let inputs: ClosedRange<Int>
    let outputs: ClosedRange<Int>

    init(
        _ type: any Evaluated.Type,
        takes inputs: ClosedRange<Int>,
        gives outputs: ClosedRange<Int>
    ) {
        self.type = type
        self.inputs = inputs
        self.outputs = outputs
    }

    /// - Throws: `shape` for a node with other inputs or outputs than declared.
    func checkArity(of node: Node) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        guard inputs.contains(node.inputs.count) else {
            throw fail("\(node.op) takes \(Self.text(inputs)) inputs, not \(node.inputs.count)")
        }
        guard outputs.contains(node.outputs.count) else {
            throw fail("\(node.op) has \(Self.text(outputs)) outputs, not \(node.outputs.count)")
        }
        if let absent = node.inputs.prefix(inputs.lowerBound).firstIndex(of: "") {
            throw fail("input \(absent + 1) of \(node.op) must not be left out")
        }
    }

    private static func text(_ range: ClosedRange<Int>) -> String {
        if range.upperBound == .max { return "\(range.lowerBound) or more" }
        return range.count == 1
            ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
}
