public import HTTP
import Models

extension Service {
    public func admit(_ head: RequestHead) -> Admission {
        let settings = settings
        do throws(ServiceError) {
            let (route, _) = try router.route(head.method, head.path)
            if isRefusing, route.access != .everyone { throw .ending }
            let key = try settings.access.key(of: head)
            try settings.access.check(route.access, key)
            if let key {
                try keyUse.count(key)
            } else {
                try settings.hostPolicy.check(head, route.access)
            }
            return .read(bodyLimit: bodyLimit(of: route))
        } catch .methodNotAllowed(_, let allowed) where head.method == "OPTIONS" {
            if let response = settings.crossOrigin.preflight(head, methods: allowed) {
                return .respond(response)
            }
            let allow = [("Allow", allowed.joined(separator: ", "))]
            return .respond(Response(.noContent, headers: allow, body: []))
        } catch {
            return .respond(finished(error.refusal(requestID: head.requestID), for: head))
        }
    }

    public func handle(_ request: Request, _ exchange: Exchange) {
        do {
            let call = try call(request, exchange)
            let route = call.route
            switch route.placement {
            case .loop where request.head.contentCoding == .identity:
                send(response(to: call), to: request.head, exchange)
            case .loop, .queue: schedule(call, exchange)
            case .loading:
                loading.run {
                    let response = self.response(to: call)
                    exchange.respond(self.finished(response, for: call.request.head))
                }
            }
        } catch {
            exchange.respond(
                finished(error.refusal(requestID: request.requestID), for: request.head)
            )
        }
    }

    /// Answers on the calling thread, without a queue: what tests and tools use.
    public func respond(to request: Request) -> Response {
        switch admit(request.head) {
        case .respond(let response): return response
        case .read(let limit):
            do throws(ServiceError) {
                if request.body.count > limit { throw .http(.bodyTooLarge(limit: limit)) }
                return finished(response(to: try call(request, nil)), for: request.head)
            } catch {
                return finished(error.refusal(requestID: request.requestID), for: request.head)
            }
        }
    }

    /// An admitted request with its route, its key's place and its deadline.
    private func call(_ request: Request, _ exchange: Exchange?) throws(ServiceError) -> Call {
        let (route, parameters) = try router.route(request.method, request.path)
        let key = try settings.access.key(of: request.head)
        var cancellation = try Cancellation(request, exchange: exchange)
        cancellation.computeSeconds = configuration.computeSeconds
        var call = try Call(
            request,
            route: route,
            parameters: parameters,
            service: self,
            cancellation: cancellation
        )
        call.keyName = key?.name
        if let key { call.place = try keyUse.enter(key) }
        return call
    }

    public func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        ServiceError.http(error).refusal(requestID: requestID)
    }

    public func log(_ record: AccessRecord) {
        let route = router.match(target: record.target)?.resource.template
        let note = record.note as? AnswerNote
        metrics.count(record, route: route, code: note?.code)
        let context = record.head.flatMap(TraceContext.init)
        var span: TraceSpan?
        if let tracer, let head = record.head {
            span = tracer.trace(record, head, route: route, context: context)
        }
        accessLog?.write(record, note: note, context: context, span: span)
    }
}

extension Service {
    func bodyLimit(of route: Route) -> Int {
        switch route.body {
        case .none: 0
        case .image: configuration.imageBodyBytes
        case .sequence, .tree, .document: configuration.bodyBytes
        case .tensors: configuration.imageBodyBytes
        }
    }

    private func schedule(_ call: Call, _ exchange: Exchange) {
        let job = job(
            for: call,
            run: { self.run(call, exchange) },
            refuse: { error in
                let response = self.response(with: error, call)
                exchange.respond(self.finished(response, for: call.request.head))
            }
        )
        do throws(ServiceError) {
            try scheduler.submit(job)
        } catch {
            exchange.respond(finished(response(with: error, call), for: call.request.head))
        }
    }

    /// What the scheduler knows of a call, or of the `share` of it that is left after some seconds of computing.
    func job(
        for call: Call,
        share: Double = 1,
        after computedBefore: Double = 0,
        run: @escaping @Sendable () -> Bool,
        refuse: @escaping @Sendable (ServiceError) -> Void
    ) -> Scheduler.Job {
        Scheduler.Job(
            kind: CostEstimates.Kind(
                model: call.modelLabel?.name ?? "",
                operation: call.route.operation
            ),
            units: WorkAmount.units(of: call) * share,
            client: call.client,
            level: call.level,
            model: call.modelLabel,
            cancellation: call.cancellation,
            computedBefore: computedBefore,
            run: run,
            refuse: refuse
        )
    }

    /// Runs the endpoint and sends what it answers; false if the time it took is not typical.
    private func run(_ call: Call, _ exchange: Exchange) -> Bool {
        var call = call
        let response: Response
        var isTypical = true
        do throws(ServiceError) {
            let answer = try answer(to: &call)
            if let events = answer.events {
                return try begin(answer, events, for: call, over: exchange)
            }
            response = succeeded(answer, call)
        } catch {
            response = failed(error, call)
            isTypical = false
        }
        exchange.respond(finished(response, for: call.request.head))
        return isTypical
    }

    /// Runs the endpoint for somebody who does not wait for events one by one.
    private func response(to call: Call) -> Response {
        var call = call
        do throws(ServiceError) {
            var answer = try answer(to: &call)
            if let events = answer.events { answer.body = try events.whole(for: call) }
            return succeeded(answer, call)
        } catch {
            return failed(error, call)
        }
    }

    private func answer(to call: inout Call) throws(ServiceError) -> Answer {
        call.stopwatch.enter(.decode)
        try call.unpackBody()
        if let unchanged = tags.answer(to: call) { return unchanged }
        return try call.route.answer(&call)
    }

    private func succeeded(_ answer: Answer, _ call: Call) -> Response {
        var call = call
        call.stopwatch.enter(.queue)
        note(call, isSuccess: true)
        countSuccess(of: call)
        var response = Response(
            answer.status,
            headers: headers(of: answer, call),
            body: answer.body
        )
        tags.validate(&response, to: call)
        response.note = AnswerNote(keyName: call.keyName, stopwatch: call.stopwatch)
        return response
    }

    private func failed(_ error: ServiceError, _ call: Call) -> Response {
        var call = call
        call.stopwatch.enter(.queue)
        note(call, isSuccess: false)
        return response(with: error, call)
    }

    func headers(of answer: Answer, _ call: Call) -> [(String, String)] {
        var headers = [("Content-Type", answer.contentType)] + answer.headers
        // RFC 9110 §12.5.5: caches keep what other clients would be sent in another form.
        if call.route.variesByAccept { headers.append(("Vary", "Accept")) }
        headers.append(("Server-Timing", call.stopwatch.serverTiming))
        if let model = call.namedModel {
            headers.append(("X-Model-Version", model.version))
            headers.append(("X-Model-Numerics", model.numerics))
        }
        if !call.warnings.isEmpty { headers.append(("X-Striate-Warning", call.warningText)) }
        return headers
    }

    private func response(with error: ServiceError, _ call: Call) -> Response {
        var response = error.response(requestID: call.request.requestID)
        response.headers.append(("Server-Timing", call.stopwatch.serverTiming))
        response.note = errorNote(error, call)
        countFailure(of: call, error)
        return response
    }
}

/// What is counted and logged of calls.
extension Service {
    /// Counts a call that computed, or was to.
    func note(_ call: Call, isSuccess: Bool) {
        guard call.route.placement == .queue, let model = try? call.model else { return }
        statistics.record(model, call.stopwatch, rows: call.inferences, isSuccess: isSuccess)
    }

    func countSuccess(of call: Call) {
        guard let label = call.modelLabel, !call.route.operation.isEmpty else { return }
        metrics.countSuccess(
            of: label,
            operation: call.route.operation,
            inferences: call.inferences,
            call.stopwatch
        )
    }

    func countFailure(of call: Call, _ error: ServiceError) {
        guard let label = call.modelLabel, !call.route.operation.isEmpty else { return }
        metrics.countFailure(of: label, FailureReason(error))
    }

    func errorNote(_ error: ServiceError, _ call: Call) -> AnswerNote {
        AnswerNote(code: error.code, keyName: call.keyName, stopwatch: call.stopwatch)
    }
}
