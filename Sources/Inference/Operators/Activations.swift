import Compute
import KernelInterface

/// Element-wise nonlinearities.
enum Activations {
    static let operators: [any Operator.Type] = [Relu.self, Tanh.self, Sigmoid.self]
}

/// max(x, 0).
struct Relu: Operator {
    static let name = "Relu"

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerActivation(node, Activation.relu, into: &plan)
    }
}

/// Hyperbolic tangent.
struct Tanh: Operator {
    static let name = "Tanh"

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerActivation(node, Activation.tanh, into: &plan)
    }
}

/// The logistic function 1 / (1 + exp(−x)).
struct Sigmoid: Operator {
    static let name = "Sigmoid"

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerActivation(node, Activation.sigmoid, into: &plan)
    }
}

/// Keeps the input's layout.
private func lowerActivation(
    _ node: Node,
    _ activation: Activation,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let source = try plan.input(node, 0)
    let output = try plan.define(node.outputs[0], plan.shape(of: source), plan[source].layout)
    let runs = Runs(plan[source])
    let kernels = plan.kernels
    plan.step(node.name, chunks: runs.chunks, reads: [source], writes: [output]) { placement in
        let (from, to) = (placement[source], placement[output])
        return { arena, chunk in
            let (input, output) = (from.position(in: arena), to.position(in: arena))
            runs.forEach(in: chunk, (from, to, to)) { offsets in
                kernels.activate(
                    activation,
                    input + offsets.0,
                    into: output + offsets.1,
                    count: runs.length
                )
            }
        }
    }
}
