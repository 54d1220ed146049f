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
        /// Which of the notes at the arena's start says where it lies; nil for what lies in the arena.
        let slot: Int?
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

    /// Bytes that one run takes: its arena, and the outputs that lie outside of it or are copied from it.
    var runBytes: Int {
        outputs.reduce(arenaBytes) { $0 + $1.count * ($1.type.byteCount ?? 8) }
    }

    /// The steps of one run in their order: the layer each belongs to, and into how many chunks it is cut.
    public var stepNames: [(name: String, chunks: Int)] { steps.map { ($0.name, $0.chunks) } }

    /// What decides about helpers: multiply–adds, and what large steps without any cost beside them.
    private let work: Int
    private let steps: [Step]
    private let faults: [Fault]
    private let deferred: [DeferredLayer]
    private let isPrepared = Atomic(false)
    /// Whether some inputs or outputs lie where a caller has them.
    private let lendsPorts: Bool
    private let arenaSize: Int
    private let listBytes: Int
    private let workers: Workers
    private let idle = Mutex<[Pass]>([])

    init(
        inputs: [Port],
        outputs: [Port],
        steps: [Step],
        faults: [Fault],
        deferred: [DeferredLayer],
        arenaSize: Int,
        listBytes: Int,
        multiplyAdds: Int,
        work: Int,
        workers: Workers
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.steps = steps
        self.faults = faults
        self.deferred = deferred
        lendsPorts = (inputs + outputs).contains { $0.slot != nil }
        self.arenaSize = arenaSize
        self.listBytes = listBytes
        self.multiplyAdds = multiplyAdds
        self.work = work
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
        let spares = self.spares(execution.arena.start)
        defer { withExtendedLifetime(spares) {} }
        var access = PlanInputs(plan: self, arena: execution.arena.start)
        try fill(&access)
        return try compute(execution, isCancelled, read)
    }

    /// Computes all outputs from a tensor for each of `inputs`; large ones lie where the caller has them.
    ///
    /// - Throws: `inputType` for a tensor of another type or size, `cancelled`, and what was found wrong.
    func run(
        isCancelled: () -> Bool = { false },
        tensor: (_ input: Int) -> Tensor?
    ) throws(ModelError) -> [Tensor] {
        let execution = try borrow()
        defer { giveBack(execution) }
        let arena = execution.arena.start
        var access = PlanInputs(plan: self, arena: arena)
        var lent: [(port: Port, tensor: Tensor)] = []
        for (index, port) in inputs.enumerated() {
            guard let tensor = tensor(index) else {
                throw .missingInput(name: port.name, expected: "\(port.shape)")
            }
            if port.slot == nil {
                try access.fill(port, tensor)
            } else {
                lent.append((port, tensor))
            }
        }
        guard lendsPorts else {
            return try compute(execution, isCancelled) { results in
                outputs.map { results.tensor($0) }
            }
        }
        let made = outputs.filter { $0.slot != nil }
        var whole: [Tensor] = []
        try lend(lent[...], arena) { () throws(ModelError) in
            whole = try make(made[...], arena) { () throws(ModelError) in
                try compute(execution, isCancelled) { _ in }
            }
        }
        let copies = PlanOutputs(plan: self, arena: arena)
        var rest = whole[...]
        return outputs.map { $0.slot == nil ? copies.tensor($0) : rest.removeFirst() }
    }

    /// Notes where these inputs lie, which are few, while `body` runs.
    private func lend(
        _ lent: ArraySlice<(port: Port, tensor: Tensor)>,
        _ arena: FloatPosition,
        _ body: () throws(ModelError) -> Void
    ) throws(ModelError) {
        guard let (port, tensor) = lent.first, let slot = port.slot else { return try body() }
        try port.check(tensor)
        try tensor.loaded().elements.reading { (place) throws(ModelError) in
            arena.bytes[noted: slot] = place
            try lend(lent.dropFirst(), arena, body)
        }
    }

    /// New tensors for these outputs, which are few and filled while `body` runs.
    private func make(
        _ ports: ArraySlice<Port>,
        _ arena: FloatPosition,
        _ body: () throws(ModelError) -> Void
    ) throws(ModelError) -> [Tensor] {
        guard let port = ports.first, let slot = port.slot else {
            try body()
            return []
        }
        var rest: [Tensor] = []
        let elements = try Tensor.Elements(port.type, count: port.count) {
            (place) throws(ModelError) in
            arena.bytes[noted: slot] = place
            rest = try make(ports.dropFirst(), arena, body)
        }
        return [Tensor(shape: port.shape, elements: elements)] + rest
    }

    /// Memory for what a caller fills and reads, and does not lend.
    func spares(_ arena: FloatPosition) -> [FloatStorage] {
        guard lendsPorts else { return [] }
        return (inputs + outputs).compactMap { port in
            guard let slot = port.slot else { return nil }
            let storage = FloatStorage(count: (port.count * (port.type.byteCount ?? 8) + 3) / 4)
            arena.bytes[noted: slot] = storage.start.bytes
            return storage
        }
    }

    func compute<Result>(
        _ execution: Execution,
        _ isCancelled: () -> Bool,
        _ read: (PlanOutputs) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        try prepare()
        guard execution.pass.run(in: execution.arena.storage, isCancelled: isCancelled) else {
            throw .cancelled
        }
        try checkFaults(execution.arena.start)
        return try read(PlanOutputs(plan: self, arena: execution.arena.start))
    }

    /// Packs, before the first pass, what was left until then.
    func prepare() throws(ModelError) {
        guard !isPrepared.load(ordering: .acquiring) else { return }
        for layer in deferred { try layer.prepare() }
        isPrepared.store(true, ordering: .releasing)
    }

    /// - Throws: the first fault in the order of the steps.
    func checkFaults(_ arena: FloatPosition) throws(ModelError) {
        for fault in faults {
            let slots = (arena + fault.offset).bytes
            for slot in 0..<fault.slots where slots[integer: 2 * slot] != 0 {
                throw fault.error(slots[integer: 2 * slot] - 1, slots[integer: 2 * slot + 1])
            }
        }
    }

    /// What a run needs for itself.
    ///
    /// - Throws: `outOfMemory`.
    func borrow() throws(ModelError) -> Execution {
        guard let arena = workers.arenas.borrow(count: arenaSize) else {
            throw .outOfMemory(bytes: arenaBytes)
        }
        let pass =
            idle.withLock { $0.popLast() } ?? Pass(steps: steps, work: work, on: workers)
        return Execution(arena: arena, pass: pass)
    }

    func giveBack(_ execution: Execution) {
        workers.arenas.giveBack(execution.arena)
        idle.withLock { idle in
            if idle.count < workers.count { idle.append(execution.pass) }
        }
    }

    /// Bytes this plan keeps between runs: its steps and their lists, as arenas are everyone's.
    package var keptBytes: Int { steps.count * Self.keptBytesPerStep + listBytes }

    /// What a step takes, beside its values, while the plan is made: the time steps of a long sequence are tens of
    /// thousands.
    static let bytesPerStep = 6 << 10

    /// What a step takes from then on.
    private static let keptBytesPerStep = 1 << 10
}

/// The memory and the pass of one run.
struct Execution: Sendable {
    let arena: Arena
    let pass: Pass
}
