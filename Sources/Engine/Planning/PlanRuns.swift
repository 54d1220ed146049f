import Compute
public import Graph

/// Runs of a plan one after the other in memory of their own: what was filled stays until it is filled again.
public struct PlanRuns: ~Copyable {
    private let plan: Plan
    private let execution: Execution
    private let spares: [FloatStorage]
    private var fed: [(source: FloatPosition, target: FloatPosition, count: Int)] = []

    /// - Throws: `outOfMemory`.
    public init(_ plan: Plan) throws(ModelError) {
        self.plan = plan
        execution = try plan.borrow()
        spares = plan.spares(execution.arena.start)
    }

    deinit { plan.giveBack(execution) }

    /// Fills inputs for the runs to come.
    public func fill(
        _ body: (inout PlanInputs) throws(ModelError) -> Void
    ) throws(ModelError) {
        var access = PlanInputs(plan: plan, arena: execution.arena.start)
        try body(&access)
    }

    /// Computes once more.
    ///
    /// - Throws: what the first run cannot read of the weights.
    public func run() throws(ModelError) {
        try plan.prepare()
        _ = execution.pass.run(in: execution.arena.storage)
        for index in fed.indices {
            fed[index].target.copy(from: fed[index].source, count: fed[index].count)
        }
    }

    /// Computes once more on this thread alone; answers the nanoseconds of each of the plan's steps.
    ///
    /// - Throws: what the first run cannot read of the weights.
    public func time() throws(ModelError) -> [UInt64] {
        try plan.prepare()
        return execution.pass.time(in: execution.arena.storage)
    }

    /// From now on fills an input, after each run, with an output that has as many elements.
    public mutating func feed(_ output: String, to input: String) throws(ModelError) {
        let (from, to) = (try plan.output(named: output), try plan.input(named: input))
        guard from.count == to.count else {
            throw .shape(node: output, reason: "\(from.shape) does not fit \(input), \(to.shape)")
        }
        let source = from.start(in: execution.arena.start)
        fed.append((source, to.start(in: execution.arena.start), to.count))
    }

    /// The outputs of the last run.
    public var outputs: PlanOutputs {
        PlanOutputs(plan: plan, arena: execution.arena.start)
    }
}
