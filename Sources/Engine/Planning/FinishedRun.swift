import Compute
public import Graph

/// A run of a plan whose outputs stay where they were computed, and take memory, as long as this is kept.
public final class FinishedRun: Sendable {
    private let plan: Plan
    private let execution: Execution
    private let spares: [FloatStorage]

    fileprivate init(_ plan: Plan, _ execution: Execution) {
        (self.plan, self.execution) = (plan, execution)
        spares = plan.spares(execution.arena.start)
    }

    deinit { plan.giveBack(execution) }

    public var outputs: PlanOutputs {
        PlanOutputs(plan: plan, arena: execution.arena.start)
    }

    package func output(named name: String) throws(ModelError) -> Plan.Port {
        try plan.output(named: name)
    }
}

extension Plan {
    /// Fills the inputs and computes; the outputs can be read as long as the answer is kept.
    ///
    /// - Throws: what `fill` throws, `cancelled`, and what was found wrong while computing.
    public func finish(
        isCancelled: () -> Bool = { false },
        fill: (inout PlanInputs) throws(ModelError) -> Void
    ) throws(ModelError) -> FinishedRun {
        let execution = try borrow()
        let run = FinishedRun(self, execution)
        var access = PlanInputs(plan: self, arena: execution.arena.start)
        try fill(&access)
        try compute(execution, isCancelled) { _ in }
        return run
    }
}

extension PlanInputs {
    /// Writes an input with an output of another run, without anything in between.
    ///
    /// - Throws: `inputType` for one of another type or size.
    package mutating func fill(
        _ port: Plan.Port,
        from run: FinishedRun,
        _ output: Plan.Port
    ) throws(ModelError) {
        try port.check(output.type, output.shape)
        let source = output.start(in: run.outputs.arena).bytes
        port.start(in: arena).bytes.copy(from: source, bytes: port.bytes)
    }
}
