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

    /// Where steps note what they found wrong: for each slot a position counted from 1, or 0, and what stood there.
    struct Fault: Sendable {
        let offset: Int
        let slots: Int
        let error: @Sendable (_ position: Int, _ value: Int) -> ModelError
    }

    public let inputs: [Port]
    public let outputs: [Port]

    /// Multiply–adds of one run.
    public let multiplyAdds: Int

    /// Bytes of activations one run holds.
    public var arenaBytes: Int { arenaSize * MemoryLayout<Float>.stride }

    private let steps: [Step]
    private let faults: [Fault]
    private let arenaSize: Int
    private let workers: Workers
    private let idle = Mutex<[Execution]>([])

    init(
        inputs: [Port],
        outputs: [Port],
        steps: [Step],
        faults: [Fault],
        arenaSize: Int,
        multiplyAdds: Int,
        workers: Workers
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.steps = steps
        self.faults = faults
        self.arenaSize = arenaSize
        self.multiplyAdds = multiplyAdds
        self.workers = workers
    }

    /// Fills the inputs, computes, and reads the outputs.
    ///
    /// `isCancelled` is polled between steps. After the first run nothing is allocated here.
    /// - Throws: what `fill` and `read` throw, `cancelled`, and what was found wrong while computing.
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
        try checkFaults(execution.arena.start)
        return try read(PlanOutputs(plan: self, arena: execution.arena.start))
    }

    /// - Throws: the first fault in the order of the steps.
    private func checkFaults(_ arena: FloatPosition) throws(ModelError) {
        for fault in faults {
            let slots = (arena + fault.offset).bytes
            for slot in 0..<fault.slots where slots[integer: 2 * slot] != 0 {
                throw fault.error(slots[integer: 2 * slot] - 1, slots[integer: 2 * slot + 1])
            }
        }
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
        try port.require(.float32)
        try (arena + port.offset).withMutableSpan(count: port.count, body)
    }

    /// Writes an input of int64, row-major.
    public mutating func withIntegers(
        _ name: String,
        _ body: (inout MutableSpan<Int>) throws(ModelError) -> Void
    ) throws(ModelError) {
        let port = try plan.input(named: name)
        try port.require(.int64)
        try (arena + port.offset).bytes.withMutableIntegers(count: port.count, body)
    }

    /// Writes a tensor of the input's type and shape.
    public mutating func fill(_ port: Plan.Port, _ tensor: Tensor) throws(ModelError) {
        guard tensor.type == port.type, tensor.count == port.count else {
            throw .inputType(
                name: port.name,
                expected: "\(port.type.rawValue) \(port.shape)",
                got: "\(tensor.type.rawValue) \(tensor.shape)"
            )
        }
        let target = (arena + port.offset).bytes
        switch try tensor.loaded().elements {
        case .floats(let values): target.copy(from: values)
        case .integers(let values): target.copy(from: values)
        case .int32(let values): target.copy(from: values)
        case .booleans(let values): target.copy(from: values)
        case .uint8(let values): target.copy(from: values)
        case .int8(let values): target.copy(from: values)
        default: break
        }
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
        try port.require(.float32)
        let start = port.constant?.start ?? arena
        return try (start + port.offset).withSpan(count: port.count, body)
    }

    public func shape(of name: String) throws(ModelError) -> Shape {
        try plan.output(named: name).shape
    }

    /// A copy of an output.
    package func tensor(_ port: Plan.Port) -> Tensor {
        let source = ((port.constant?.start ?? arena) + port.offset).bytes
        let count = port.count
        let elements: Tensor.Elements =
            switch port.type {
            case .int64: .integers(source.array(of: Int.self, count: count))
            case .int32: .int32(source.array(of: Int32.self, count: count))
            case .bool: .booleans(source.array(of: Bool.self, count: count))
            case .uint8: .uint8(source.array(of: UInt8.self, count: count))
            case .int8: .int8(source.array(of: Int8.self, count: count))
            default: .floats(source.array(of: Float.self, count: count))
            }
        return Tensor(shape: port.shape, elements: elements)
    }
}

extension Plan.Port {
    /// - Throws: `inputType` unless it holds elements of this type.
    fileprivate func require(_ type: ElementType) throws(ModelError) {
        guard type == self.type else {
            throw .inputType(name: name, expected: self.type.rawValue, got: type.rawValue)
        }
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
