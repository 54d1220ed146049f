public import HTTP
public import Inference
public import Logging
import Synchronization

/// Answers requests about the hosted models: the place where HTTP and inference meet.
public final class Service: Handler {
    let repository: ModelRepository
    let configuration: Configuration
    let metrics: Metrics
    let scheduler: Scheduler
    let coder = BodyCoder()
    private let router: Router
    private let logger: Logger
    private let isDrainingFlag = Atomic(false)

    /// Names of the models that are served.
    public var modelNames: [String] { repository.models.map(\.name) }

    public init(repository: ModelRepository, configuration: Configuration, logger: Logger) {
        self.repository = repository
        self.configuration = configuration
        self.logger = logger
        router = Router(Self.routes)
        metrics = Metrics(
            routes: router.resources.map(\.template),
            models: repository.models.map(\.name)
        )
        scheduler = Scheduler(
            cores: configuration.threads,
            longestWaitSeconds: Double(configuration.queueMilliseconds) / 1000
        )
    }

    /// Every route, in the order of the documentation.
    static let routes: [Route] = [
        Index.route, Health.route, ModelList.route, ModelDetail.route, Classify.route,
        Features.route, Preview.route, Kernels.route, Next.route, Score.route, Generate.route,
        Encode.route, TreeRoute.route, DiagramPage.route, MetricsPage.route, OpenAPIPage.route,
    ]

    /// From now on the service is not ready: health checks fail, so that clients go elsewhere.
    public func beginDraining() {
        isDrainingFlag.store(true, ordering: .relaxed)
    }

    var isDraining: Bool { isDrainingFlag.load(ordering: .relaxed) }

    /// Connects the figures only the server knows.
    public func report(_ statistics: @escaping @Sendable () -> ServerFigures) {
        metrics.connect(statistics)
    }
}

extension Service {
    public func admit(_ head: RequestHead) -> Admission {
        do {
            let (route, _) = try router.route(head.method, head.path)
            return .read(bodyLimit: bodyLimit(of: route))
        } catch .methodNotAllowed(_, let allowed) where head.method == "OPTIONS" {
            let allow = [("Allow", allowed.joined(separator: ", "))]
            return .respond(Response(.noContent, headers: allow, body: []))
        } catch {
            return .respond(error.response(requestID: head.requestID))
        }
    }

    public func handle(_ request: Request, _ exchange: Exchange) {
        do {
            let (route, modelName) = try router.route(request.method, request.path)
            let cancellation = try Cancellation(request, exchange: exchange)
            let call = try Call(
                request,
                route: route,
                modelName: modelName,
                service: self,
                cancellation: cancellation
            )
            switch route.placement {
            case .loop where request.head.contentCoding == .identity:
                send(response(to: call).response, to: request.head, exchange)
            case .loop, .queue: try schedule(call, exchange)
            }
        } catch {
            exchange.respond(error.response(requestID: request.requestID))
        }
    }

    /// Answers on the calling thread, without a queue: what tests and tools use.
    public func respond(to request: Request) -> Response {
        do throws(ServiceError) {
            let (route, modelName) = try router.route(request.method, request.path)
            if request.body.count > bodyLimit(of: route) {
                throw .http(.bodyTooLarge(limit: bodyLimit(of: route)))
            }
            let call = try Call(
                request,
                route: route,
                modelName: modelName,
                service: self,
                cancellation: try Cancellation(request, exchange: nil)
            )
            return packed(response(to: call).response, for: request.head)
        } catch {
            return error.response(requestID: request.requestID)
        }
    }

    public func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        ServiceError.http(error).response(requestID: requestID)
    }

    public func log(_ record: AccessRecord) {
        let route = router.match(target: record.target)?.resource.template
        metrics.count(record, route: route)
        logger.logAccess(record)
    }
}

extension Service {
    func bodyLimit(of route: Route) -> Int {
        switch route.body {
        case .none: 0
        case .image: configuration.imageBodyBytes
        case .sequence, .tree: configuration.bodyBytes
        }
    }

    private func schedule(_ call: Call, _ exchange: Exchange) throws(ServiceError) {
        let model = (try? call.model)?.name ?? ""
        let requestID = call.request.requestID
        let job = Scheduler.Job(
            kind: CostEstimates.Kind(model: model, operation: call.route.operation),
            units: CostEstimates.units(bodyBytes: call.request.likelyBodyBytes),
            cancellation: call.cancellation,
            run: {
                let (response, isTypical) = self.response(to: call)
                exchange.respond(self.packed(response, for: call.request.head))
                return isTypical
            },
            refuse: { error in exchange.respond(error.response(requestID: requestID)) }
        )
        try scheduler.submit(job)
    }

    /// Runs the endpoint; `isTypical` is false for errors.
    private func response(to call: Call) -> (response: Response, isTypical: Bool) {
        var call = call
        call.stopwatch.enter(.decode)
        do {
            try call.unpackBody()
            let answer = try call.route.answer(&call)
            call.stopwatch.enter(.queue)
            return (finished(answer, call), true)
        } catch {
            var response = error.response(requestID: call.request.requestID)
            response.headers.append(("Server-Timing", call.stopwatch.serverTiming))
            return (response, false)
        }
    }

    private func finished(_ answer: Answer, _ call: Call) -> Response {
        var headers = [("Content-Type", answer.contentType)] + answer.headers
        headers.append(("Server-Timing", call.stopwatch.serverTiming))
        if let model = try? call.model {
            headers.append(("X-Model-Version", model.version))
            metrics.count(
                model: model.name,
                operation: call.route.operation,
                computing: call.stopwatch.duration(of: .compute)
            )
        }
        return Response(answer.status, headers: headers, body: answer.body)
    }
}

extension Service {
    /// How the HTTP server in front of this service is set up.
    public var serverConfiguration: ServerConfiguration { configuration.server }
}
