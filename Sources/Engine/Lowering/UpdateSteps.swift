import Compute
import Graph
import KernelInterface

/// How an update joins the element it meets; an update takes its place if none is named.
struct UpdateSteps: Sendable {
    let operation: FloatArithmetic?

    typealias Update =
        @Sendable (_ target: BytePosition, _ update: BytePosition, _ count: Int) -> Void

    /// What is done with neighbouring elements of a value and as many updates.
    func update(
        _ node: Node,
        _ value: PlannedValue,
        _ kernels: KernelSet
    ) throws(ModelError) -> Update {
        let width = value.width
        guard let operation else {
            return { target, update, count in target.copy(from: update, bytes: count * width) }
        }
        if value.type == .float32 {
            return { target, update, count in
                kernels.join(
                    operation.kernel,
                    target.floats,
                    update.floats,
                    into: target.floats,
                    count: count,
                    steps: (1, 1)
                )
            }
        }
        guard value.type.isPlannedInteger, let function = operation.onIntegers else {
            throw .shape(
                node: node.name,
                reason: "updates of \(value.type.rawValue) are planned without a reduction"
            )
        }
        let kind = value.kind
        return { target, update, count in
            kernels.join(
                function,
                of: kind,
                target,
                update,
                into: target,
                count: count,
                steps: (1, 1)
            )
        }
    }
}

extension PlanBuilder {
    /// Joins updates to `output` one after the other: later ones meet what earlier ones left.
    mutating func updateStep(
        _ node: Node,
        at indices: ValueID,
        from updates: ValueID,
        to output: ValueID,
        join:
            @escaping @Sendable (
                _ updates: BytePosition, _ target: BytePosition, _ indices: BytePosition
            ) -> Void
    ) {
        step(
            node.name,
            chunks: 1,
            reads: [indices, updates, output],
            writes: [output],
            isExact: true
        ) { placement in
            let (places, news, to) = (placement[indices], placement[updates], placement[output])
            return { arena, _ in
                join(
                    news.position(in: arena).bytes,
                    to.position(in: arena).bytes,
                    places.position(in: arena).bytes
                )
            }
        }
    }

    /// A copy of a row-major value, for steps that change it.
    mutating func copied(
        _ source: ValueID,
        as name: String,
        _ node: Node
    ) throws(ModelError) -> ValueID {
        let output = try define(name, shape(of: source), .dense, type: self[source].type)
        let (stretches, width) = (Stretches(shape(of: source).count), self[source].width)
        step(node.name, chunks: stretches.chunks, reads: [source], writes: [output], isExact: true)
        { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, chunk in
                let part = stretches[chunk]
                (to.position(in: arena).bytes + part.lowerBound * width).copy(
                    from: from.position(in: arena).bytes + part.lowerBound * width,
                    bytes: part.count * width
                )
            }
        }
        return output
    }
}
