import Compute
import HTTP
import Inference
import Synchronization

/// A request's place in a sequence that the server remembers (the sequence extension).
struct SequenceStep: Sendable, Equatable {
    let id: String
    var starts = false
    var ends = false
}

/// States of recurrent models between the requests of sequences.
///
/// A sequence belongs to the model it began with; only one of its requests runs at a time.
final class SequenceStates: Sendable {
    typealias Answer = [(name: String, tensor: Tensor)]

    private struct Key: Hashable {
        let model: String
        let version: String
        let id: String
    }

    private struct Held {
        let model: Model
        var states: [String: Tensor] = [:]
        var isBusy = true
        var lastUse = ContinuousClock.now
    }

    /// Sequences remembered at once.
    static let most = 1024
    /// A sequence is forgotten when nothing came for so long.
    static let longestPause = Duration.seconds(600)

    private let held = Mutex<[Key: Held]>([:])

    /// Runs a step from the sequence's states and remembers those after it.
    ///
    /// States that the request gives itself stand for those remembered.
    /// - Throws: `sequence` and what `run` throws: then the sequence stays where it was.
    func advance(
        _ model: Model,
        _ asked: TensorRequest,
        _ step: SequenceStep,
        run: (TensorRequest) throws(ServiceError) -> Answer
    ) throws(ServiceError) -> Answer {
        let pairs = model.stateNames
        guard !pairs.isEmpty else { throw .sequence(step.id, .withoutStates(model: model.name)) }
        let key = Key(model: model.name, version: model.version, id: step.id)
        let states = try begin(key, step, model)
        var next: [String: Tensor]?
        defer { finish(key, step, next) }
        var asked = asked
        asked.inputs.merge(states) { given, _ in given }
        let wanted = asked.outputs ?? model.signature.outputs.map(\.name)
        let carried = pairs.map(\.output).filter { !wanted.contains($0) }
        asked.outputs = wanted + carried
        let answer = try run(asked)
        let values = Dictionary(answer.map { ($0.name, $0.tensor) }) { first, _ in first }
        next = Dictionary(pairs.compactMap { pair in values[pair.output].map { (pair.input, $0) } })
        {
            first,
            _ in first
        }
        return Array(answer.prefix(wanted.count))
    }

    /// The states to start from; the sequence is busy from now on.
    private func begin(
        _ key: Key,
        _ step: SequenceStep,
        _ model: Model
    ) throws(ServiceError) -> [String: Tensor] {
        try held.withLock { (held) throws(ServiceError) in
            let now = ContinuousClock.now
            if held.count >= Self.most {
                held = held.filter { $0.value.isBusy || now - $0.value.lastUse < Self.longestPause }
            }
            if held[key]?.isBusy == true { throw .sequence(step.id, .busy) }
            if step.starts {
                guard held[key] != nil || held.count < Self.most else {
                    throw .sequence(step.id, .tooMany(limit: Self.most))
                }
                held[key] = Held(model: model)
                return [:]
            }
            guard let known = held[key], known.model === model,
                now - known.lastUse < Self.longestPause
            else {
                held[key] = nil
                throw .sequence(step.id, .unknown)
            }
            held[key]?.isBusy = true
            return known.states
        }
    }

    private func finish(_ key: Key, _ step: SequenceStep, _ next: [String: Tensor]?) {
        held.withLock { held in
            guard let next else {
                // A sequence whose first request failed has not begun.
                if step.starts { held[key] = nil } else { held[key]?.isBusy = false }
                return
            }
            guard !step.ends else {
                held[key] = nil
                return
            }
            held[key]?.states = next
            held[key]?.isBusy = false
            held[key]?.lastUse = .now
        }
    }
}

extension SequenceFault {
    func sentence(of id: String) -> String {
        switch self {
        case .withoutStates(let model):
            "The model \(quoted(model)) has no state that goes from request to request: "
                + "send no \"sequence_id\"."
        case .unknown:
            "The sequence \(id) is not known: it was not started, has ended, was forgotten after a pause, or its "
                + "model was replaced; begin with \"sequence_start\": true."
        case .busy:
            "Another request of the sequence \(id) is running; send them one after the other."
        case .tooMany(let limit):
            "\(limit) sequences are remembered already; end some by \"sequence_end\": true."
        }
    }

    var status: Status {
        switch self {
        case .withoutStates, .unknown: .badRequest
        case .busy: .conflict
        case .tooMany: .tooManyRequests
        }
    }

    var code: String {
        switch self {
        case .withoutStates: "no_state"
        case .unknown: "unknown_sequence"
        case .busy: "sequence_busy"
        case .tooMany: "too_many_sequences"
        }
    }
}

/// Why a sequence cannot go on.
public enum SequenceFault: Error, Equatable, Sendable {
    /// The model remembers nothing from one request to the next.
    case withoutStates(model: String)
    /// It was not started, has ended or was forgotten, or its model was replaced.
    case unknown
    /// Another request of it is running.
    case busy
    case tooMany(limit: Int)
}
