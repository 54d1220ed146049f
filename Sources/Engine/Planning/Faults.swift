import Compute
import Graph

/// What a step of a plan may find wrong in what is computed, and what is said of it.
struct PendingFault {
    /// Two numbers of 64 bits for each slot: a position counted from 1, or 0, and what stands there.
    let id: ValueID
    let slots: Int
    let error: @Sendable (_ position: Int, _ value: Int) -> ModelError
}

extension PlanBuilder {
    /// An operand's indices as int64 from 0 on, each below its limit; negative ones count from the end.
    ///
    /// Index i selects one of `limits[i % limits.count]`. One that selects nothing is an error: at once for
    /// constants, else the run's, which meanwhile goes on with another index.
    mutating func indices(
        _ node: Node,
        _ index: Int,
        limits: [Int]
    ) throws(ModelError) -> ValueID {
        if let constant = constant(node, index) {
            return try constantIndices(node, constant, limits)
        }
        guard limits.allSatisfy({ $0 > 0 }) else {
            throw .shape(node: node.name, reason: "there is nothing to select from")
        }
        let given = try typed(node, index)
        guard self[given].type.isPlannedInteger else {
            throw .shape(
                node: node.name,
                reason: "indices must be int32 or int64, they are \(self[given].type.rawValue)"
            )
        }
        let source = try converted(given, to: .int64, for: node)
        let output = try define("", shape(of: source), .dense, type: .int64)
        let stretches = Stretches(shape(of: source).count)
        let slots = try fault(
            node,
            input: graph.inputs.first { $0.name == self[given].name }?.name,
            slots: stretches.chunks,
            limits
        )
        step(
            "indices",
            chunks: stretches.chunks,
            reads: [source],
            writes: [output, slots],
            isExact: true
        ) {
            placement in
            let (from, to, fault) = (placement[source], placement[output], placement[slots])
            return { arena, chunk in
                let (x, y) = (from.position(in: arena).bytes, to.position(in: arena).bytes)
                let slot = (fault.position(in: arena) + 4 * chunk).bytes
                let wrong = y.wrapIndices(x, stretches[chunk], limits: limits)
                slot[integer: 0] = wrong.map { $0 + 1 } ?? 0
                slot[integer: 1] = wrong.map { x[integer: $0] } ?? 0
            }
        }
        return output
    }

    private mutating func constantIndices(
        _ node: Node,
        _ constant: Tensor,
        _ limits: [Int]
    ) throws(ModelError) -> ValueID {
        guard constant.type.isPlannedInteger, var indices = constant.elements.signed else {
            throw .shape(
                node: node.name,
                reason: "indices must be int32 or int64, they are \(constant.type.rawValue)"
            )
        }
        for (position, index) in indices.enumerated() {
            let limit = limits[position % max(1, limits.count)]
            guard index >= -limit, index < limit else { throw Self.outside(node, index, limit) }
            if index < 0 { indices[position] += limit }
        }
        return try constantValue("", Tensor(shape: constant.shape, integers: indices))
    }

    private mutating func fault(
        _ node: Node,
        input: String?,
        slots: Int,
        _ limits: [Int]
    ) throws(ModelError) -> ValueID {
        let id = try define("", [slots, 2], .dense, type: .int64)
        faults.append(
            PendingFault(id: id, slots: slots) { position, index in
                let limit = limits[position % limits.count]
                guard let input else { return Self.outside(node, index, limit) }
                return .indexOutOfRange(
                    input: input,
                    position: position,
                    index: index,
                    count: limit
                )
            }
        )
        return id
    }

    /// As the operators' definitions say it.
    private static func outside(_ node: Node, _ index: Int, _ limit: Int) -> ModelError {
        .shape(node: node.name, reason: "index \(index) lies outside of \(limit)")
    }
}
