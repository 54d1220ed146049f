import Compute

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
        let strides = order.map { axis in shape.dimensions[(axis + 1)...].reduce(1, *) }
        let count = result.count
        plan.step(node.name, chunks: 1, reads: [source], writes: [output]) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, _ in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                for index in 0..<count {
                    var (rest, offset) = (index, 0)
                    var axis = strides.count - 1
                    while axis >= 0 {
                        offset += rest % result.dimensions[axis] * strides[axis]
                        rest /= result.dimensions[axis]
                        axis -= 1
                    }
                    output[index] = input[offset]
                }
            }
        }
    }
}
