import Texts
import Glibc
import HTTP
import Models
import Synchronization
import TensorFormats

/// A WebSocket that steps a session of its own.
final class SessionStream: Sendable {
    private struct State {
        var socket: WebSocket?
        /// The step that is being computed, and a message that came before the socket was there.
        var exchange: Exchange?
        var early: WebSocketMessage?
        var isClosed = false
    }

    private let service: Service
    private let call: Call
    private let name: SessionName
    private let frames: StreamFrames
    private let step: (route: Route, target: String)
    private let state = Mutex(State())

    init(
        _ service: Service,
        _ call: Call,
        _ name: SessionName,
        frames: StreamFrames,
        step: (route: Route, target: String)
    ) {
        (self.service, self.call, self.name, self.frames) = (service, call, name, frames)
        self.step = step
    }

    /// From now on answers go here.
    func open(_ socket: WebSocket) {
        let early = state.withLock { state in
            state.socket = socket
            return state.early.take()
        }
        if let early { take(early) }
    }

    func receive(_ event: WebSocketEvent) {
        switch event {
        case .message(let message): take(message)
        case .closed:
            let exchange = state.withLock { state in
                state.isClosed = true
                state.socket = nil
                return state.exchange.take()
            }
            exchange?.abandon()
            try? service.host.sessions.end(name, nil)
        }
    }

    private func take(_ message: WebSocketMessage) {
        let isEarly = state.withLock { state in
            if state.socket == nil, !state.isClosed { state.early = message }
            return state.socket == nil
        }
        guard !isEarly else { return }
        do throws(WebSocketClose) {
            run(try frames.step(message))
        } catch {
            close(error)
        }
    }

    /// Has the service compute a step as if it had come by itself.
    private func run(_ sent: StreamFrames.Step) {
        let exchange = Exchange { [weak self] response in self?.answer(response) }
        state.withLock { $0.exchange = exchange }
        do {
            let settings = service.settings
            if let key = call.key { try service.keyUse.count(key) }
            let request = try Request(
                "POST",
                step.target,
                headers: sent.headers + [("X-Request-Id", call.request.requestID)],
                body: Bytes(sent.body),
                peer: call.request.peer
            )
            var parameters = PathParameters()
            parameters.session = name.id
            let context = RequestContext(
                settings,
                template: step.route.template,
                key: call.key,
                matched: (step.route, parameters),
                holder: service.host.sessions.newHolder()
            )
            service.handle(request.carrying(context), exchange)
        } catch let error as ServiceError {
            exchange.respond(error.response(requestID: call.request.requestID))
        } catch {
            close(WebSocketClose(code: 1011, reason: "the step could not be made"))
        }
    }

    private func answer(_ response: Response) {
        let socket = state.withLock { state in
            state.exchange = nil
            return state.socket
        }
        guard let socket else { return }
        socket.send(text: Self.text(of: response))
        switch response.status {
        // The session is gone, and with it what this connection is for.
        case .gone, .notFound: close(WebSocketClose(code: 1008, reason: "the session has ended"))
        case .internalServerError:
            close(WebSocketClose(code: 1011, reason: "the step failed; the frame before says why"))
        case .serviceUnavailable:
            close(WebSocketClose(code: 1013, reason: "no steps are taken now; try later"))
        default:
            if socket.hasRoom {
                socket.receiveNext()
            } else {
                socket.whenRoom { socket.receiveNext() }
            }
        }
    }

    /// A frame has no line end behind it.
    private static func text(of response: Response) -> [UInt8] {
        var text = response.body
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        return text
    }

    private func close(_ reason: WebSocketClose) {
        state.withLock { $0.socket }?.close(reason)
    }
}

extension Service {
    /// Opens a WebSocket that is a session, or says why not.
    func openStream(_ call: Call, _ exchange: Exchange) throws(ServiceError) {
        var head: Response
        do throws(WebSocketRefusal) {
            head = try WebSocketHandshake.answer(to: call.request.head)
        } catch {
            throw .webSocket(error)
        }
        let model = try call.model
        guard model.hasStates else { throw .session("", model.withoutStates) }
        guard !host.phase.isDraining else { throw .ending }
        let frames = try StreamFrames(call)
        // Each step takes a place among its key's requests, and none stays taken between them.
        var call = call
        call.place = nil
        let name = SessionName(SessionName.random(), of: call.key?.name)
        do throws(SessionFault) {
            try call.beginSession(name, of: model, isLocal: true)
        } catch {
            throw .session("", error)
        }
        head.headers += [
            ("X-Session-Id", name.id), ("X-Model-Version", model.version),
            ("X-Model-Numerics", model.numerics),
        ]
        if AccessPolicy.isKeyAsProtocol(call.request.head) {
            head.headers.append(("Sec-WebSocket-Protocol", AccessPolicy.socketProtocol))
        }
        head.note = conclude(call, nil)
        let kept = ["top", "all"] + (model.manifest.input.symbolCount == nil ? [] : ["outputs"])
        let query = call.request.query.filter { kept.contains($0.name) }.map {
            "\($0.name)=\(percentEncoded($0.value))"
        }
        let target =
            "/sessions/\(name.id)/step" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let stream = SessionStream(
            self,
            call,
            name,
            frames: frames,
            step: (SessionSteps.step, target)
        )
        let socket = exchange.upgrade(head, limit: call.configuration.bodyBytes) {
            stream.receive($0)
        }
        stream.open(socket)
    }
}
