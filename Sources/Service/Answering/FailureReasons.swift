import HTTP
import Models
import Telemetry

extension FailureReason {
    init(_ error: ServiceError) {
        switch error {
        case .overloaded, .deadlineUnreachable: self = .rejected
        case .clientGone, .deadlineExceeded, .computedTooLong: self = .canceled
        case .nonFiniteResult: self = .backend
        case .model: self = error.status.code >= 500 ? .backend : .other
        default: self = .other
        }
    }
}
