import HTTP

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
}
