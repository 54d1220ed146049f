import Compute
import Graph

extension PlanBuilder {
    /// The axes named by `order`, those of one element left out, in that order.
    mutating func transposed(
        _ source: ValueID,
        _ order: [Int],
        _ node: Node,
        as name: String = ""
    ) throws(ModelError) -> ValueID {
        let sizes = shape(of: source).dimensions
        let (strides, width) = (rowMajorStrides(sizes), self[source].width)
        let target = order.map { sizes[$0] }
        let output = try define(name, Shape(target), .dense, type: self[source].type)
        let walk = TransposingWalk(target, order.map { strides[$0] })
        let kernels = kernels
        step(
            node.name,
            chunks: walk.chunks,
            reads: [source],
            writes: [output],
            isExact: true
        ) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                walk.run(
                    chunk,
                    from: from.position(in: arena).bytes,
                    into: to.position(in: arena).bytes,
                    width: width,
                    kernels
                )
            }
        }
        return output
    }
}
