import Compute
import Graph

/// Axes in another order: axis i of the output is axis perm[i] of the input; reversed unless `perm` says.
struct Transpose: Operator {
    static let name = "Transpose"
    private let order: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        order = try attributes.ints("perm")
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let shape = plan.shape(of: source)
        let order = order ?? Array((0..<shape.rank).reversed())
        guard order.sorted() == Array(0..<shape.rank) else {
            throw .shape(
                node: node.name,
                reason: "perm \(order) does not name each axis of \(shape) once"
            )
        }
        let result = Shape(order.map { shape[$0] })
        let output = try plan.define(node.outputs[0], result, .dense, type: plan[source].type)
        let own = rowMajorStrides(shape.dimensions)
        let walk = StrideWalk(
            result.dimensions,
            order.map { own[$0] },
            rowMajorStrides(result.dimensions)
        )
        plan.step(node.name, chunks: walk.chunks, reads: [source], writes: [output]) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                let step = walk.steps.first
                walk.forEachRow(in: walk.rows(ofChunk: chunk)) { _, first, second in
                    let (x, y) = (input + first, output + second)
                    if step == 1 {
                        y.copy(from: x, count: walk.length)
                    } else {
                        for index in 0..<walk.length { y[index] = x[index * step] }
                    }
                }
            }
        }
    }
}
