import Dispatch
import HTTP
import Synchronization
import Testing

@testable import Service

extension Service {
    /// The route of a request and what its path says beyond it.
    func found(_ request: Request) throws -> (Route, PathParameters) {
        let match = router.match(request.path)
        let route = try router.route(request.method, request.path, in: match)
        return (route, match?.parameters ?? PathParameters())
    }

    /// The request with what its head has told.
    func admitted(_ request: Request) -> Request {
        switch admit(request.head) {
        case .read(_, let context), .respond(_, let context): request.carrying(context)
        }
    }

    /// A request on its way to an endpoint, as if it had been admitted.
    func call(
        _ request: Request,
        _ matched: (route: Route, parameters: PathParameters),
        _ exchange: Exchange?
    ) throws -> Call {
        try Call(
            request,
            matched,
            of: RequestContext(settings, template: matched.route.template, matched: matched),
            host: host,
            cancellation: Cancellation(request, exchange: exchange)
        )
    }

    /// Sends requests through the service's queue, all at once, and waits for their answers.
    func answers(
        _ requests: [(target: String, body: String, headers: [(String, String)])]
    ) throws -> [Response] {
        let answers = Mutex<[Int: Response]>([:])
        let group = DispatchGroup()
        for (index, request) in requests.enumerated() {
            group.enter()
            let exchange = Exchange { response in
                answers.withLock { $0[index] = response }
                group.leave()
            }
            let sent = try Request(
                "POST",
                request.target,
                headers: request.headers,
                body: Bytes(Array(request.body.utf8))
            )
            handle(admitted(sent), exchange)
        }
        #expect(group.wait(timeout: .now() + 120) == .success)
        return try answers.withLock { answers in
            try requests.indices.map { try #require(answers[$0]) }
        }
    }
}
