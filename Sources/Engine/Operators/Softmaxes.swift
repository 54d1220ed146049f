import Compute
import Graph

/// Normalised exponentials along one axis.
enum Softmaxes {
    static let operators: [any Operator.Type] = [Softmax.self, LogSoftmax.self]
}

/// exp(x − max) / Σ exp(x − max) along `axis` (the last by default, as since opset 13).
struct Softmax: Operator {
    static let name = "Softmax"
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerSoftmax(node, axis: axis, isLogarithm: false, into: &plan)
    }
}

/// x − max − log Σ exp(x − max) along `axis`.
struct LogSoftmax: Operator {
    static let name = "LogSoftmax"
    private let axis: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axis = try attributes.int("axis", default: -1)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try lowerSoftmax(node, axis: axis, isLogarithm: true, into: &plan)
    }
}

/// Rows along the last axis are normalised where they lie; other axes through a gathered row.
private func lowerSoftmax(
    _ node: Node,
    axis: Int,
    isLogarithm: Bool,
    into plan: inout PlanBuilder
) throws(ModelError) {
    let source = try plan.value(plan.input(node, 0), as: .dense)
    let shape = plan.shape(of: source)
    let axis = try normalised(axis, rank: shape.rank, node)
    let output = try plan.define(node.outputs[0], shape, .dense)
    let length = shape[axis]
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let rows = length == 0 ? 0 : shape.count / length
    let row = try plan.scratch(inner == 1 ? 0 : 2 * length)
    let kernels = plan.kernels
    plan.step(
        node.name,
        chunks: 1,
        reads: [source],
        writes: [output, row]
    ) { placement in
        let (from, to, scratch) = (placement[source], placement[output], placement[row])
        return { arena, _ in
            let (input, output) = (from.position(in: arena), to.position(in: arena))
            for index in 0..<rows {
                let start = (index / inner) * length * inner + index % inner
                if inner == 1 {
                    normalise(input + start, output + start)
                    continue
                }
                let gathered = scratch.position(in: arena)
                for element in 0..<length { gathered[element] = input[start + element * inner] }
                normalise(gathered, gathered + length)
                for element in 0..<length {
                    output[start + element * inner] = gathered[length + element]
                }
            }
        }
    }

    @Sendable func normalise(_ input: FloatPosition, _ output: FloatPosition) {
        kernels.softmax(input, into: output, count: length, isLogarithm: isLogarithm)
    }
}
