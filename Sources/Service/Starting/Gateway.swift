public import HTTP
import Synchronization

/// Stands before a service that is still being made, so that clients who come early are told to wait.
///
/// Until the service is there every answer is 503 with Retry-After; only liveness probes hear that all is well.
public final class Gateway: Handler {
    private let service = Mutex<Service?>(nil)

    public init() {}

    /// From now on the service answers.
    public func open(_ service: Service) {
        self.service.withLock { $0 = service }
    }

    public func admit(_ head: RequestHead) -> Admission {
        if let service = service.withLock(\.self) { return service.admit(head) }
        if head.path == ["v2", "health", "live"] {
            let headers = [("Content-Type", "application/json")]
            let body = Array(#"{"live":true}"#.utf8)
            return .respond(Response(.ok, headers: headers, body: body))
        }
        return .respond(ServiceError.starting.refusal(requestID: head.requestID))
    }

    public func handle(_ request: Request, _ exchange: Exchange) {
        guard let service = service.withLock(\.self) else {
            exchange.respond(ServiceError.starting.refusal(requestID: request.requestID))
            return
        }
        service.handle(request, exchange)
    }

    public func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        ServiceError.http(error).refusal(requestID: requestID)
    }

    public func log(_ record: AccessRecord) {
        service.withLock(\.self)?.log(record)
    }
}
