import Compute
import Graph

/// A function of single elements, from one type to another.
func lowerEach(
    _ node: Node,
    _ source: ValueID,
    to type: ElementType,
    into plan: inout PlanBuilder,
    apply: @escaping @Sendable (_ x: BytePosition, _ y: BytePosition, _ count: Int) -> Void
) throws(ModelError) {
    let output = try plan.define(node.outputs[0], plan.shape(of: source), .dense, type: type)
    let stretches = Stretches(plan.shape(of: source).count)
    let widths = (plan[source].width, plan[output].width)
    plan.step(node.name, chunks: stretches.chunks, reads: [source], writes: [output], isExact: true)
    { placement in
        let (from, to) = (placement[source], placement[output])
        return { arena, chunk in
            let part = stretches[chunk]
            apply(
                from.position(in: arena).bytes + part.lowerBound * widths.0,
                to.position(in: arena).bytes + part.lowerBound * widths.1,
                part.count
            )
        }
    }
}
