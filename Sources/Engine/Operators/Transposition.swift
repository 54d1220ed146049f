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
        let source = try plan.typed(node, 0)
        let shape = plan.shape(of: source)
        let order = order ?? Array((0..<shape.rank).reversed())
        guard order.sorted() == Array(0..<shape.rank) else {
            throw .shape(
                node: node.name,
                reason: "perm \(order) does not name each axis of \(shape) once"
            )
        }
        _ = try plan.transposed(source, order, node, as: node.outputs[0])
    }
}
