import Compute
import Graph
import Models
import Synchronization

/// A request's place in a sequence that the server remembers (the sequence extension).
struct SequenceStep: Sendable, Equatable {
    let id: String
    var starts = false
    var ends = false
}

/// States of recurrent models between the requests of sequences.
///
/// A sequence belongs to the client and the model it began with: nobody else sees, continues or ends it, whatever
/// name it has. Only one of its requests runs at a time.
final class SequenceStates: Sendable {
    typealias Answer = [(name: String, tensor: Tensor)]

    private let table: Mutex<SequenceTable>

    init(_ limits: SequenceTable.Limits) {
        table = Mutex(SequenceTable(limits))
    }

    /// Runs a step from the sequence's states and remembers those after it.
    ///
    /// States that the request gives itself stand for those remembered.
    /// - Throws: `sequence` and what `run` throws: then the sequence stays where it was.
    func advance(
        _ model: Model,
        _ asked: TensorRequest,
        _ step: SequenceStep,
        of client: ClientIdentity,
        run: (TensorRequest) throws(ServiceError) -> Answer
    ) throws(ServiceError) -> Answer {
        let pairs = model.stateNames
        guard !pairs.isEmpty else { throw .sequence(step.id, .withoutStates(model: model.name)) }
        let key = SequenceTable.Key(
            client: client,
            model: model.name,
            version: model.version,
            id: step.id
        )
        let states = try change(step) { (table) throws(SequenceFault) in
            try table.begin(key, model, starts: step.starts)
        }
        // A sequence whose first request fails has not begun.
        var isDone = false
        defer { if !isDone { table.withLock { $0.giveUp(key, starts: step.starts) } } }
        var asked = asked
        asked.inputs.merge(states) { given, _ in given }
        let wanted = asked.outputs ?? model.signature.outputs.map(\.name)
        let carried = pairs.map(\.output).filter { !wanted.contains($0) }
        asked.outputs = wanted + carried
        let answer = try run(asked)
        let values = Dictionary(answer.map { ($0.name, $0.tensor) }) { first, _ in first }
        let next = pairs.compactMap { pair in values[pair.output].map { (pair.input, $0) } }
        try change(step) { (table) throws(SequenceFault) in
            if step.ends {
                table.remove(key)
            } else {
                try table.keep(key, Dictionary(next) { first, _ in first })
            }
        }
        isDone = true
        return Array(answer.prefix(wanted.count))
    }

    private func change<Result>(
        _ step: SequenceStep,
        _ body: (inout SequenceTable) throws(SequenceFault) -> Result
    ) throws(ServiceError) -> Result {
        do throws(SequenceFault) {
            return try table.withLock { (table) throws(SequenceFault) in try body(&table) }
        } catch {
            throw .sequence(step.id, error)
        }
    }
}
