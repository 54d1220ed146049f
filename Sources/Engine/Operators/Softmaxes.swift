import Compute
import Graph

/// Normalised exponentials along one axis.
enum Softmaxes {
    static let operators: [any Operator.Type] = [Softmax.self, LogSoftmax.self]
}

/// exp(x − max) / Σ exp(x − max).
struct Softmax: Operator {
    static let name = "Softmax"
    private let axes: NormalizedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try NormalizedAxes(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try axes.lower(node, isLogarithm: false, into: &plan)
    }
}

/// x − max − log Σ exp(x − max).
struct LogSoftmax: Operator {
    static let name = "LogSoftmax"
    private let axes: NormalizedAxes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        axes = try NormalizedAxes(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try axes.lower(node, isLogarithm: true, into: &plan)
    }
}

/// One axis, the last by default; before opset 13 all axes from one on, the second by default.
private struct NormalizedAxes {
    private let axis: Int
    private let flattens: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        flattens = attributes.opset < 13
        axis = try attributes.int("axis", default: flattens ? 1 : -1)
    }

    private func blocks(_ node: Node, _ shape: Shape) throws(ModelError) -> AxisBlocks {
        if flattens, axis == shape.rank {
            return AxisBlocks(outer: shape.count, count: 1, inner: 1)
        }
        let axis = try normalised(axis, rank: shape.rank, node)
        guard flattens else { return AxisBlocks(shape, axis: axis) }
        return AxisBlocks(
            outer: shape.dimensions[..<axis].reduce(1, *),
            count: shape.dimensions[axis...].reduce(1, *),
            inner: 1
        )
    }

    /// Rows are normalised where they lie, other axes down columns.
    func lower(
        _ node: Node,
        isLogarithm: Bool,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        let blocks = try blocks(node, shape)
        let output = try plan.define(node.outputs[0], shape, .dense)
        let kernels = plan.kernels
        plan.step(
            node.name,
            chunks: blocks.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) {
            placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena), to.position(in: arena))
                blocks.forEach(in: chunk) { block, columns in
                    let start = block * blocks.size
                    if blocks.inner == 1 {
                        kernels.softmax(
                            x + start,
                            into: y + start,
                            count: blocks.count,
                            isLogarithm: isLogarithm
                        )
                    } else {
                        kernels.softmax(
                            x + start,
                            count: blocks.count,
                            inner: blocks.inner,
                            into: y + start,
                            columns: columns,
                            isLogarithm: isLogarithm
                        )
                    }
                }
            }
        }
    }
}
