import Dispatch
import Foundation
import Synchronization
import Testing

@testable import HTTP

/// What a handler has travel with a request or an answer.
final class Word: Sendable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// A handler with a route for each behaviour of the server.
final class TestService: Handler {
    let records = Mutex<[AccessRecord]>([])
    /// Exchanges of "/held", to be answered by the test.
    let held = Mutex<[Exchange]>([])
    /// WebSockets of "/socket", the newest last, and how many have ended.
    let sockets = Mutex<[WebSocket]>([])
    let endedSockets = Atomic(0)

    func admit(_ head: RequestHead) -> Admission {
        switch head.path.first {
        case "small": .read(bodyLimit: 10)
        case "context": .read(bodyLimit: 10, context: Word(head.target))
        case "refused": .respond(Response(.notFound), context: Word(head.target))
        case "busy": .respond(Response(.tooManyRequests, headers: [("Retry-After", "1")]))
        default: .read(bodyLimit: 16 << 20)
        }
    }

    func handle(_ request: Request, _ exchange: Exchange) {
        switch request.path.first {
        case "held": held.withLock { $0.append(exchange) }
        case "dropped": break
        case "context":
            let word = (request.context as? Word)?.text ?? ""
            exchange.respond(Response(.ok, body: Array(word.utf8)))
        case "streamed":
            let stream = exchange.stream(Response(.ok))
            stream.send(Array("at ".utf8))
            stream.send(Array("once".utf8))
            stream.end()
        case "socket": openSocket(request, exchange)
        case "later":
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(30)) {
                exchange.respond(Response(.ok, body: Array("later".utf8)))
            }
        case "zeros":
            let count = Int(request.query.first?.value ?? "") ?? 0
            exchange.respond(Response(.ok, body: [UInt8](repeating: 0, count: count)))
        case "inject":
            let headers = [("X-A", "b\r\nX-Evil: 1"), ("X B", "c"), ("content-length", "1")]
            exchange.respond(
                Response(.ok, headers: headers, body: [UInt8](repeating: 65, count: 3))
            )
        default: exchange.respond(plainAnswer(to: request))
        }
    }

    /// A WebSocket that sends back what comes; "close" ends it, "wait" asks for nothing more.
    private func openSocket(_ request: Request, _ exchange: Exchange) {
        let head: Response
        do {
            head = try WebSocketHandshake.answer(to: request.head)
        } catch {
            exchange.respond(
                Response(error.status, headers: error.headers, body: Array("\(error)".utf8))
            )
            return
        }
        let own = Mutex<WebSocket?>(nil)
        let ready = DispatchSemaphore(value: 0)
        let socket = exchange.upgrade(head, limit: 1 << 20) { event in
            ready.wait()
            ready.signal()
            let socket = own.withLock { $0 }
            switch event {
            case .message(.text("close")):
                socket?.close(WebSocketClose(code: 1000, reason: "as asked"))
            case .message(.text("wait")): break
            case .message(.text(let text)):
                socket?.send(text: Array(text.utf8))
                socket?.receiveNext()
            case .message(.binary(let bytes)):
                socket?.send(binary: bytes)
                socket?.receiveNext()
            case .closed:
                self.endedSockets.add(1, ordering: .relaxed)
                own.withLock { $0 = nil }
            }
        }
        own.withLock { $0 = socket }
        sockets.withLock { $0.append(socket) }
        ready.signal()
    }

    private func plainAnswer(to request: Request) -> Response {
        let allow = ("Allow", "GET, HEAD, POST, OPTIONS")
        switch (request.method, request.path) {
        case ("GET", []), ("HEAD", []): return Response(.ok, body: Array("ok".utf8))
        case ("OPTIONS", _): return Response(.noContent, headers: [allow])
        case ("POST", ["p"]), ("POST", ["small"]):
            return Response(.ok, body: Array("\(request.body.count)".utf8))
        case (_, []), (_, ["p"]): return Response(.methodNotAllowed, headers: [allow])
        default: return Response(.notFound, body: Array("nothing here".utf8))
        }
    }

    func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        Response(error.status, body: Array(error.code.utf8))
    }

    func log(_ record: AccessRecord) {
        records.withLock { $0.append(record) }
    }
}

/// Runs `body` against a server on a free port, and shuts the server down.
func withServer(
    loops: Int = 2,
    limits: Limits = Limits(),
    _ body: (Server, TestService) throws -> Void
) throws {
    let service = TestService()
    let server = Server(
        configuration: ServerConfiguration(loops: loops, limits: limits),
        handler: service
    )
    try server.start()
    defer { server.shutdown(grace: .milliseconds(200)) }
    try body(server, service)
}

/// Waits until `condition` holds; returns false after `seconds`.
func eventually(within seconds: Double = patience, _ condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        if ContinuousClock.now > end { return false }
        usleep(2000)
    }
    return true
}

/// The exchange of a request for "/held".
func heldExchange(_ service: TestService) throws -> Exchange {
    _ = eventually { service.held.withLock { !$0.isEmpty } }
    return try #require(service.held.withLock { $0.popLast() })
}

/// The stream that answers a request for "/held".
func beginStream(_ service: TestService) throws -> ResponseStream {
    try heldExchange(service).stream(Response(.ok))
}

/// Runs `body` on a thread of its own; wait on the result for its end.
func startThread(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
    let finished = DispatchSemaphore(value: 0)
    Thread {
        body()
        finished.signal()
    }.start()
    return finished
}
