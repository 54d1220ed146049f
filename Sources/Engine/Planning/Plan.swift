import Compute
public import Graph
import Synchronization

/// A graph made concrete for given input shapes and wanted outputs: packed weights, one arena, a list of steps.
///
/// Immutable and shared; each run borrows an arena from a small pool.
public final class Plan: Sendable {
    /// An input or output and where it lies.
    public struct Port: Sendable {
        public let name: String
        public let shape: Shape
        public let type: ElementType
        let offset: Int
        let count: Int
        let constant: FloatStorage?
    }

    public let inputs: [Port]
    public let outputs: [Port]

    /// Multiply–adds of one run.
    public let multiplyAdds: Int

    /// Bytes of activations one run holds.
    public var arenaBytes: Int { arenaSize * MemoryLayout<Float>.stride }

    private let steps: [Step]
    private let arenaSize: Int
    private let workers: Workers
    private let idle = Mutex<[Execution]>([])

    init(
        inputs: [Port],
        outputs: [Port],
        steps: [Step],
        arenaSize: Int,
        multiplyAdds: Int,
        workers: Workers
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.steps = steps
        self.arenaSize = arenaSize
        self.multiplyAdds = multiplyAdds
        self.workers = workers
    }

    /// Fills the inputs, computes, and reads the outputs.
    ///
    /// `isCancelled` is polled between steps. After the first run nothing is allocated here.
    /// - Throws: what `fill` and `read` throw, and `cancelled`.
    public func run<Result>(
        isCancelled: () -> Bool = { false },
        fill: (inout PlanInputs) throws(ModelError) -> Void,
        read: (PlanOutputs) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let execution = try borrow()
        defer { giveBack(execution) }
        var access = PlanInputs(plan: self, arena: execution.arena.start)
        try fill(&access)
        guard execution.pass.run(isCancelled: isCancelled) else { throw .cancelled }
        return try read(PlanOutputs(plan: self, arena: execution.arena.start))
    }

    fileprivate func borrow() throws(ModelError) -> Execution {
        if let known = idle.withLock({ $0.popLast() }) { return known }
        guard workers.memory.reserve(arenaBytes) else { throw .outOfMemory(bytes: arenaBytes) }
        return Execution(steps: steps, size: arenaSize, work: multiplyAdds, workers: workers)
    }

    /// Keeps as many arenas as cores could use at once, but none that is large.
    fileprivate func giveBack(_ execution: Execution) {
        guard arenaBytes <= Self.largestKeptArena else { return }
        idle.withLock { idle in
            if idle.count < workers.count { idle.append(execution) }
        }
    }

    /// Beyond this many bytes an arena is freed after its run: allocating it costs little beside the run.
    private static let largestKeptArena = 64 << 20

    /// Bytes this plan may keep between runs: its steps, and arenas.
    package var keptBytes: Int {
        let arenas = arenaBytes <= Self.largestKeptArena ? arenaBytes * workers.count : 0
        return arenas + steps.count * Self.bytesPerStep
    }

    /// What a step takes beside its values: the time steps of a long sequence are tens of thousands.
    static let bytesPerStep = 6 << 10
}

/// Runs of a plan one after the other in memory of their own: what was filled stays until it is filled again.
public struct PlanRuns: ~Copyable {
    private let plan: Plan
    private let execution: Execution
    private var fed: [(source: FloatPosition, target: FloatPosition, count: Int)] = []

    /// - Throws: `outOfMemory`.
    public init(_ plan: Plan) throws(ModelError) {
        self.plan = plan
        execution = try plan.borrow()
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
    public func run() {
        _ = execution.pass.run()
        for index in fed.indices {
            fed[index].target.copy(from: fed[index].source, count: fed[index].count)
        }
    }

    /// From now on fills an input, after each run, with an output that has as many elements.
    public mutating func feed(_ output: String, to input: String) throws(ModelError) {
        let (from, to) = (try plan.output(named: output), try plan.input(named: input))
        guard from.count == to.count else {
            throw .shape(node: output, reason: "\(from.shape) does not fit \(input), \(to.shape)")
        }
        let source = (from.constant ?? execution.arena).start + from.offset
        fed.append((source, execution.arena.start + to.offset, to.count))
    }

    /// The outputs of the last run.
    public var outputs: PlanOutputs {
        PlanOutputs(plan: plan, arena: execution.arena.start)
    }
}

/// The memory of one run, reserved by who makes it.
private final class Execution: Sendable {
    let arena: FloatStorage
    let pass: Pass
    private let memory: MemoryLedger

    deinit { memory.release(arena.count * MemoryLayout<Float>.stride) }

    init(steps: [Step], size: Int, work: Int, workers: Workers) {
        memory = workers.memory
        arena = FloatStorage(count: size)
        pass = Pass(steps: steps, arena: arena, work: work, on: workers)
    }
}

/// Access to a run's inputs while they are filled.
public struct PlanInputs {
    fileprivate let plan: Plan
    fileprivate let arena: FloatPosition

    /// Writes a float input, row-major.
    public mutating func withFloats(
        _ name: String,
        _ body: (inout MutableSpan<Float>) throws(ModelError) -> Void
    ) throws(ModelError) {
        let port = try plan.input(named: name)
        try (arena + port.offset).withMutableSpan(count: port.count, body)
    }

    /// Writes an integer input, row-major.
    public mutating func withIntegers(
        _ name: String,
        _ body: (inout MutableSpan<Int32>) throws(ModelError) -> Void
    ) throws(ModelError) {
        let port = try plan.input(named: name)
        try (arena + port.offset).withMutableIntegers(count: port.count, body)
    }
}

/// Access to a run's outputs while they are read.
public struct PlanOutputs {
    fileprivate let plan: Plan
    fileprivate let arena: FloatPosition

    /// Reads an output, row-major.
    public func withFloats<Result>(
        _ name: String,
        _ body: (Span<Float>) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let port = try plan.output(named: name)
        let start = port.constant?.start ?? arena
        return try (start + port.offset).withSpan(count: port.count, body)
    }

    public func shape(of name: String) throws(ModelError) -> Shape {
        try plan.output(named: name).shape
    }
}

extension Plan {
    fileprivate func input(named name: String) throws(ModelError) -> Port {
        guard let index = Self.index(of: name, in: inputs) else {
            throw .unknownInput(name, available: inputs.map(\.name))
        }
        return inputs[index]
    }

    fileprivate func output(named name: String) throws(ModelError) -> Port {
        guard let index = Self.index(of: name, in: outputs) else {
            throw .unknownLayer(name, available: outputs.map(\.name))
        }
        return outputs[index]
    }

    private static func index(of name: String, in ports: [Port]) -> Int? {
        // A plain loop: `first(where:)` allocates in a debug build.
        for index in ports.indices where ports[index].name == name { return index }
        return nil
    }
}
