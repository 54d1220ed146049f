import HTTP
import Texts

/// Why a session cannot do what it was asked for.
public enum SessionFault: Error, Equatable, Sendable {
    /// The model remembers nothing from one request to the next; `layer` is the one that reads backward, if one does.
    case withoutStates(model: String, layer: String?)
    /// Nobody began it, its owner ended it, or it belongs to somebody else.
    case unknown
    /// Unused for too long, or its model is gone; `ago` is seconds since the last use.
    case expired(isModelGone: Bool, ttl: Int, ago: Int)
    case taken
    /// Another step of it is running.
    case busy
    /// The step was to begin elsewhere.
    case position(current: Int, asked: Int)
    /// All states together may take `limit` bytes.
    case noRoom(held: Int, all: Int, limit: Int)
    /// A state that is none.
    case invalidState(reason: String)
    /// A state of another model, or of other weights.
    case stateOfOtherModel(model: String, reason: String)
    /// The request is to be begun again once what it lacks is fetched from the store that servers share; nobody sees it.
    case elsewhere
    /// The store did not answer.
    case storeFault(reason: String)
}

extension SessionFault {
    static func expired(_ end: SessionEnd, ttl: Int, ago: Int) -> SessionFault {
        .expired(isModelGone: end == .modelReplaced, ttl: ttl, ago: ago)
    }

    /// `id` is the session's; "" for a state that travels with its client.
    func sentence(of id: String, isSequence: Bool) -> String {
        let name = isSequence ? "the sequence \(id)" : "the session \(quoted(id))"
        return switch self {
        case .withoutStates(let model, let layer?):
            "The model \(quoted(model)) has no state that goes from request to request, as its layer \(quoted(layer)) "
                + "reads whole sequences, from their end too."
        case .withoutStates(let model, nil):
            "The model \(quoted(model)) has no state that goes from request to request"
                + (isSequence ? ": send no \"sequence_id\"." : ".")
        case .unknown where isSequence:
            "You have no sequence \(id): it was not started, has ended, was forgotten after a pause, or its model was "
                + "replaced; begin with \"sequence_start\": true."
        case .unknown: "You have no session \(quoted(id)): begin one with POST /sessions."
        case .expired(true, _, let ago):
            "\(name.capitalizedFirst) has ended: its model was replaced and the time for that (session_drain_seconds) is "
                + "over; it was last used \(ago) s ago."
        case .expired(false, let ttl, let ago):
            "\(name.capitalizedFirst) has expired: it was last used \(ago) s ago, and lives for \(ttl) s (ttl_seconds)."
        case .taken:
            "There is a session \(quoted(id)) already: choose another id, or end it with DELETE /sessions/\(id)."
        case .busy:
            "Another step of \(name) is running; send them one after the other."
        case .position(let current, let asked):
            "\(name.capitalizedFirst) is at position \(current), and not at \(asked) where the step was to begin; nothing "
                + "was computed."
        case .noRoom(let held, let all, let limit):
            "There is no room for the state: your sessions take \(held) bytes, all together \(all) of \(limit) (the setting "
                + "session_bytes), and a client may take three times what is free then. End some of yours, or try later."
        case .invalidState(let reason): "The state cannot be used: \(reason)."
        case .stateOfOtherModel(let model, let reason):
            "The state is not one of the model \(quoted(model)): \(reason)."
        case .storeFault(let reason):
            "The store of sessions (session_store) cannot be used: \(reason). Nothing is lost: send the same again."
        case .elsewhere: "The session is elsewhere: send the same again."
        }
    }

    func status(isSequence: Bool) -> Status {
        switch self {
        case .withoutStates, .invalidState: .badRequest
        // As Triton has it.
        case .unknown: isSequence ? .badRequest : .notFound
        case .expired: .gone
        case .taken, .busy, .position, .stateOfOtherModel: .conflict
        case .noRoom: .tooManyRequests
        case .elsewhere, .storeFault: .serviceUnavailable
        }
    }

    func code(isSequence: Bool) -> String {
        switch self {
        case .withoutStates: "no_state"
        case .unknown: isSequence ? "unknown_sequence" : "unknown_session"
        case .expired: "session_expired"
        case .taken: "session_exists"
        case .busy: isSequence ? "sequence_busy" : "session_busy"
        case .position: "position_conflict"
        case .noRoom: "too_many_sessions"
        case .invalidState: "invalid_state"
        case .stateOfOtherModel: "state_of_other_model"
        case .elsewhere, .storeFault: "session_store_unavailable"
        }
    }
}

extension ServiceError {
    /// Whether the request is to be begun again once a session is fetched.
    var lacksSession: Bool {
        switch self {
        case .session(_, .elsewhere), .sequence(_, .elsewhere): true
        default: false
        }
    }

    /// Another fault of the same session.
    func replacing(_ fault: SessionFault) -> ServiceError {
        switch self {
        case .sequence(let id, _): .sequence(id, fault)
        case .session(let id, _): .session(id, fault)
        default: .session("", fault)
        }
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// Why a session ended that nobody ended.
enum SessionEnd: Sendable {
    case expired
    /// Its model was replaced or unloaded, and the time for sessions to go on was over.
    case modelReplaced
}
