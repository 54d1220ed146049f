package import Compute
package import Graph

extension PlanBuilder {
    /// Has the first pass pack `layer`, which steps read.
    mutating func deferredLayer(_ layer: DeferredLayer) -> DeferredLayer {
        deferred.append(layer)
        return layer
    }

    /// Refuses more steps than there is room for, before they are made: each time step of a sequence is one.
    ///
    /// - Throws: `tooLarge`.
    func require(steps count: Int) throws(ModelError) {
        let (bytes, overflow) = (steps.count + count)
            .multipliedReportingOverflow(by: Plan.bytesPerStep)
        let limit = largest * MemoryLayout<Float>.stride
        guard !overflow, bytes <= limit else {
            throw .tooLarge(bytes: overflow ? .max : bytes, limit: limit)
        }
    }

    /// Some seconds of a core: between its steps a plan asks whether to go on.
    private static let mostMultiplyAdds = 1 << 36

    /// Refuses a step that would keep a core for long without asking whether to go on.
    ///
    /// - Throws: `shape`.
    func checkWork() throws(ModelError) {
        for (node, multiplyAdds) in work where multiplyAdds > Self.mostMultiplyAdds {
            throw .shape(
                node: node,
                reason: "\(multiplyAdds) multiply–adds are too many for one step of a plan"
            )
        }
    }

    /// Lays out the arena, packs weights and makes the plan.
    ///
    /// - Throws: `tooLarge` if the arena would exceed `memoryLimit` bytes.
    package consuming func finish(
        inputs: [ValueID],
        outputs: [(name: String, id: ValueID)],
        memoryLimit: Int,
        on workers: Workers
    ) throws(ModelError) -> Plan {
        let groups = StepGroup.make(
            steps,
            halo: { haloStep($0) },
            owner: { values.owner(of: $0) }
        )
        let slots = borrowedSlots(inputs, outputs: outputs.map(\.id))
        let placement = Placement(
            values: values,
            groups: groups,
            inputs: inputs,
            outputs: outputs.map(\.id) + faults.map(\.id),
            slots: slots,
            workers: workers.count
        )
        let bytes = placement.size * MemoryLayout<Float>.stride + steps.count * Plan.bytesPerStep
        guard bytes <= memoryLimit else { throw .tooLarge(bytes: bytes, limit: memoryLimit) }
        var steps: [Step] = []
        for group in groups {
            let name = group.steps.map(\.name).joined(separator: " ")
            steps.append(Step(name: name, chunks: group.chunks, run: try group.bind(placement)))
        }
        let plan = self
        func ports(_ named: [(name: String, id: ValueID)]) -> [Plan.Port] {
            named.map { name, id in
                let value = plan[id]
                return Plan.Port(
                    name: name,
                    shape: value.shape,
                    type: value.type,
                    offset: placement[id].offset,
                    count: value.shape.count,
                    constant: placement[id].storage,
                    slot: placement[id].slot
                )
            }
        }
        return Plan(
            inputs: ports(inputs.map { (plan[$0].name, $0) }),
            outputs: ports(outputs),
            steps: steps,
            faults: faults.map { fault in
                Plan.Fault(
                    offset: placement[fault.id].offset,
                    slots: fault.slots,
                    error: fault.error
                )
            },
            deferred: deferred,
            arenaSize: placement.size,
            listBytes: listBytes,
            multiplyAdds: work.values.reduce(0, +),
            work: work.values.reduce(0, +) + movedWork,
            workers: workers
        )
    }
    /// What large steps over single elements cost, in multiply–adds; small ones are not worth a thought.
    private var movedWork: Int {
        steps.filter { $0.isExact && $0.chunks > 1 }.reduce(0) { sum, step in
            sum + step.effort * step.writes.reduce(0) { $0 + self[$1].storage }
        }
    }

    /// Inputs and outputs that lie where a caller has them, and the number of each.
    ///
    /// No step that touches them touches anything beside them.
    private func borrowedSlots(_ inputs: [ValueID], outputs: [ValueID]) -> [ValueID: Int] {
        guard borrowsPorts else { return [:] }
        let owners = outputs.map { values.owner(of: $0) }
        var copied = Set(owners).intersection(inputs)
        for step in steps where !step.isExact {
            copied.formUnion((step.reads + step.writes).map { values.owner(of: $0) })
        }
        var slots: [ValueID: Int] = [:]
        for id in inputs + owners where !copied.contains(id) {
            guard case .arena = self[id].memory, self[id].layout == .dense,
                self[id].halo == .none, self[id].storage >= Self.smallestBorrowed,
                slots.count < Self.mostBorrowed, owners.count(where: { $0 == id }) < 2
            else { continue }
            slots[id] = slots.count
        }
        return slots
    }

    /// Places of four bytes from which on copying costs more than looking up an address.
    private static let smallestBorrowed = 1024

    /// Each is lent inside of the one before.
    private static let mostBorrowed = 16
}
