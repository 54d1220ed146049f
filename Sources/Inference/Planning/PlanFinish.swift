import Compute

extension PlanBuilder {
    /// Lays out the arena, packs weights and makes the plan.
    ///
    /// - Throws: `tooLarge` if the arena would exceed `memoryLimit` bytes.
    consuming func finish(
        inputs: [ValueID],
        outputs: [(name: String, id: ValueID)],
        memoryLimit: Int,
        on workers: Workers
    ) throws(ModelError) -> Plan {
        let ordered = stepsWithHalos()
        let placement = Placement(
            values: values,
            steps: ordered,
            inputs: inputs,
            outputs: outputs.map(\.id)
        )
        let bytes = placement.size * MemoryLayout<Float>.stride
        guard bytes <= memoryLimit else { throw .tooLarge(bytes: bytes, limit: memoryLimit) }
        var steps: [Step] = []
        for step in ordered {
            steps.append(Step(name: step.name, chunks: step.chunks, run: try step.bind(placement)))
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
                    constant: placement[id].storage
                )
            }
        }
        return Plan(
            inputs: ports(inputs.map { (plan[$0].name, $0) }),
            outputs: ports(outputs),
            steps: steps,
            arenaSize: placement.size,
            multiplyAdds: work.values.reduce(0, +),
            workers: workers
        )
    }

    /// Every value with a halo has it cleared just before its first writer.
    private func stepsWithHalos() -> [PendingStep] {
        var cleared = Set<ValueID>()
        var ordered: [PendingStep] = []
        for step in steps {
            for id in step.writes where cleared.insert(id).inserted {
                if let halo = haloStep(id) { ordered.append(halo) }
            }
            ordered.append(step)
        }
        return ordered
    }
}
