import HTTP
import Texts

/// Why a sequence cannot go on.
public enum SequenceFault: Error, Equatable, Sendable {
    /// The model remembers nothing from one request to the next.
    case withoutStates(model: String)
    /// It was not started, has ended or was forgotten, or its model was replaced.
    case unknown
    /// Another request of it is running.
    case busy
    /// The client has as many as one may have.
    case tooManyOfClient(limit: Int)
    /// All clients have as many as there may be, and none has more than this one.
    case tooMany(limit: Int)
    /// Its state alone is more than a client may have remembered.
    case tooLarge(limit: Int)
}

extension SequenceFault {
    func sentence(of id: String) -> String {
        switch self {
        case .withoutStates(let model):
            "The model \(quoted(model)) has no state that goes from request to request: "
                + "send no \"sequence_id\"."
        case .unknown:
            "You have no sequence \(id): it was not started, has ended, was forgotten after a pause or to make room, or "
                + "its model was replaced; begin with \"sequence_start\": true."
        case .busy:
            "Another request of the sequence \(id) is running; send them one after the other."
        case .tooManyOfClient(let limit):
            "\(limit) of your sequences are remembered already (the setting client_sequences); end some by "
                + "\"sequence_end\": true."
        case .tooMany(let limit):
            "\(limit) sequences are remembered already (the setting sequences); end some by "
                + "\"sequence_end\": true, or try later."
        case .tooLarge(let limit):
            "The state of the sequence \(id) is larger than the \(limit) bytes that may be remembered for a client "
                + "(a quarter of the setting sequence_bytes)."
        }
    }

    var status: Status {
        switch self {
        case .withoutStates, .unknown: .badRequest
        case .busy: .conflict
        case .tooManyOfClient, .tooMany: .tooManyRequests
        case .tooLarge: .contentTooLarge
        }
    }

    var code: String {
        switch self {
        case .withoutStates: "no_state"
        case .unknown: "unknown_sequence"
        case .busy: "sequence_busy"
        case .tooManyOfClient, .tooMany: "too_many_sequences"
        case .tooLarge: "sequence_too_large"
        }
    }
}
