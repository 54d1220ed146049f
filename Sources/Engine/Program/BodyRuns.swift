import Compute
import Graph

/// Iterations of one body, one after the other in memory of their own: states stay where its plan has them.
struct BodyRuns: ~Copyable {
    private let body: RepeatedBody
    private let execution: Execution
    /// Memory of inputs and outputs that may lie anywhere.
    private let spares: [FloatStorage]
    private var feeds: [Feed] = []

    /// A state on its way from an iteration to the next.
    private struct Feed {
        let from: Plan.Port
        let to: Plan.Port
        /// Whether the two exchange their places instead of numbers.
        let swaps: Bool
        /// Kept here in between, where it lies in the place of another state.
        let stage: FloatStorage?
    }

    /// - Throws: `outOfMemory`.
    init(_ body: RepeatedBody) throws(ModelError) {
        let execution = try body.segment.plan.borrow()
        self.init(body, execution)
    }

    private init(_ body: RepeatedBody, _ execution: Execution) {
        self.body = body
        self.execution = execution
        spares = body.segment.plan.spares(execution.arena.start)
    }

    /// Fills what stays, and the inputs of the first iteration.
    ///
    /// - Throws: `inputType` for a value that is not what the plan was made for.
    func fill(_ first: [Tensor]) throws(ModelError) {
        var access = PlanInputs(plan: body.segment.plan, arena: execution.arena.start)
        for (port, tensor) in body.captured { try access.fill(port, tensor) }
        for (port, tensor) in zip(body.inputs, first) {
            if let port { try access.fill(port, tensor) }
        }
    }

    deinit { body.segment.plan.giveBack(execution) }

    /// From now on an input is, in each iteration, the output of the one before.
    ///
    /// False where they do not have the same shape.
    mutating func feed(_ output: Int, to input: Int) -> Bool {
        // An input that passes on itself stays as it is.
        if case .given(input) = body.outputs[output] { return true }
        guard let from = body.port(of: output) else { return false }
        // A state that nobody reads is only asked for at the end.
        guard let to = body.inputs[input] else { return true }
        guard from.shape == to.shape, from.type == to.type else { return false }
        if from.overlaps(to) { return true }
        var isInTheWay = body.inputs.contains { $0?.overlaps(from) ?? false }
        if case .given = body.outputs[output] { isInTheWay = true }
        feeds.append(
            Feed(
                from: from,
                to: to,
                swaps: to.slot != nil && body.mayMove(output),
                stage: isInTheWay ? FloatStorage(count: (from.bytes + 3) / 4) : nil
            )
        )
        return true
    }

    /// Computes once.
    ///
    /// - Throws: `cancelled`, `indexOutOfRange`, and what was found wrong while computing.
    func run(isCancelled: () -> Bool) throws(ModelError) {
        if isCancelled() { throw .cancelled }
        giveWay()
        try checkTables()
        try body.segment.plan.prepare()
        guard execution.pass.run(in: execution.arena.storage, isCancelled: isCancelled) else {
            throw .cancelled
        }
        try body.segment.plan.checkFaults(execution.arena.start)
    }

    /// Lets the next iteration begin with the states of the last.
    func advance() {
        let arena = execution.arena.start
        for feed in feeds {
            guard let stage = feed.stage else { continue }
            stage.start.bytes.copy(from: feed.from.start(in: arena).bytes, bytes: feed.from.bytes)
        }
        for feed in feeds {
            if feed.swaps, let from = feed.from.slot, let to = feed.to.slot {
                let place = arena.bytes[noted: from]
                arena.bytes[noted: from] = arena.bytes[noted: to]
                arena.bytes[noted: to] = place
            } else {
                let source = feed.stage?.start ?? feed.from.start(in: arena)
                feed.to.start(in: arena).bytes.copy(from: source.bytes, bytes: feed.from.bytes)
            }
        }
    }

    /// Where an input or output lies now.
    func position(of port: Plan.Port) -> BytePosition {
        port.start(in: execution.arena.start).bytes
    }

    /// Lets a large input or output lie here; false for one that has a fixed place.
    func move(_ port: Plan.Port, to place: BytePosition) -> Bool {
        guard let slot = port.slot else { return false }
        execution.arena.start.bytes[noted: slot] = place
        return true
    }

    /// A copy of an output.
    func tensor(_ port: Plan.Port) -> Tensor {
        PlanOutputs(plan: body.segment.plan, arena: execution.arena.start).tensor(port)
    }

    private func checkTables() throws(ModelError) {
        for (port, count) in body.tables {
            let indices = position(of: port)
            for place in 0..<port.count {
                let index = indices[integer: place]
                guard index < -count || index >= count else { continue }
                throw .indexOutOfRange(
                    input: port.name,
                    position: place,
                    index: index,
                    count: count
                )
            }
        }
    }
}

extension Plan.Port {
    var bytes: Int { count * (type.byteCount ?? 8) }

    /// Whether both lie in the arena, in part at the same place.
    fileprivate func overlaps(_ other: Plan.Port) -> Bool {
        guard slot == nil, other.slot == nil, constant == nil, other.constant == nil else {
            return false
        }
        return offset < other.offset + (other.bytes + 3) / 4
            && other.offset < offset + (bytes + 3) / 4
    }
}
