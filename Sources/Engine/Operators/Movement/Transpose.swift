import Compute
import Graph

extension Families {
    static let transpositions: [String: DeclaredOperator] = [
        "Transpose": .init(Transpose.self, takes: 1...1, gives: 1...1)
    ]
}

/// Axes in another order: axis i of the output is axis perm[i] of the input; reversed unless `perm` says.
struct Transpose: Viewing {
    private let order: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        order = try attributes.ints("perm")
    }

    func views(_ operands: Operands) throws(ModelError) -> [StridedView] {
        let input = try operands(0)
        let rank = input.shape.rank
        let order = order ?? Array((0..<rank).reversed())
        guard order.sorted() == Array(0..<rank) else {
            throw operands.fail("perm \(order) does not name each axis of \(input.shape) once")
        }
        let strides = rowMajorStrides(input.shape.dimensions)
        let sizes = order.map { input.shape[$0] }
        return [StridedView(sizes: sizes, strides: order.map { strides[$0] }, shape: sizes)]
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
