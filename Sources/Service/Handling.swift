public import HTTP
import Compute
import Models
import Telemetry

extension Service {
    public func admit(_ head: RequestHead) -> Admission {
        let settings = settings
        let match = router.match(head.path)
        let template = match?.resource.template
        var key: AccessKey?
        do throws(ServiceError) {
            let route = try router.route(head.method, head.path, in: match)
            if host.phase.isRefusing, route.access != .everyone { throw .ending }
            key = try settings.access.key(of: head)
            try settings.access.check(route.access, key)
            if let key {
                try keyUse.count(key)
            } else {
                try settings.hostPolicy.check(head, route.access)
            }
            let context = RequestContext(
                settings,
                template: template,
                key: key,
                matched: match.map { (route, $0.parameters) },
                holder: host.sessions.newHolder()
            )
            return .read(bodyLimit: route.bodyLimit(settings.configuration), context: context)
        } catch {
            let context = RequestContext(settings, template: template, key: key)
            return .respond(refusal(error, of: head, settings), context: context)
        }
    }

    /// The answer to a head that goes no further; a browser's question before its request is answered.
    private func refusal(
        _ error: ServiceError,
        of head: RequestHead,
        _ settings: Settings
    ) -> Response {
        if case .methodNotAllowed(_, let allowed) = error, head.method == "OPTIONS" {
            let fields = [("Allow", allowed.joined(separator: ", "))]
            return settings.crossOrigin.preflight(head, methods: allowed)
                ?? Response(.noContent, headers: fields, body: [])
        }
        return finished(error.refusal(requestID: head.requestID), for: head, settings)
    }

    public func handle(_ request: Request, _ exchange: Exchange) {
        do {
            let call = try call(request, exchange)
            switch call.route.placement {
            case _ where call.route.opensSocket: try openStream(call, exchange)
            case .loop where request.head.contentCoding == .identity: answer(call, exchange)
            case .loop, .queue: schedule(call, exchange)
            case .loading: loading.run { self.answer(call, exchange) }
            }
        } catch {
            if beginsAgain(request, exchange, after: error) { return }
            exchange.respond(refusal(error, of: request))
        }
    }

    /// Whether a request is begun again, once what it lacked is fetched from the store of sessions.
    private func beginsAgain(
        _ request: Request,
        _ exchange: Exchange,
        after error: ServiceError
    ) -> Bool {
        guard error.lacksSession, let context = request.context as? RequestContext,
            let holder = context.holder
        else { return false }
        let client = ClientIdentity(keyName: context.key?.name, peer: request.peer)
        host.sessions.fetch(for: holder, of: client) { fault in
            if let fault {
                exchange.respond(self.refusal(error.replacing(fault), of: request))
            } else {
                self.handle(request, exchange)
            }
        }
        return true
    }

    /// Answers on the calling thread, without a queue: what tests and tools use.
    public func respond(to request: Request) -> Response {
        switch admit(request.head) {
        case .respond(let response, _): return response
        case .read(let limit, let context):
            let request = request.carrying(context)
            do throws(ServiceError) {
                if request.body.count > limit { throw .http(.bodyTooLarge(limit: limit)) }
                var call = try call(request, nil)
                let response: Response
                do throws(ServiceError) {
                    response = try answered(&call)
                } catch {
                    response = self.response(with: error, call)
                }
                return finished(response, for: call)
            } catch {
                return refusal(error, of: request)
            }
        }
    }

    /// What an admitted request asks for, with its key's place and its deadline.
    private func call(_ request: Request, _ exchange: Exchange?) throws(ServiceError) -> Call {
        guard let context = request.context as? RequestContext, let matched = context.matched
        else { throw .http(.noAnswer) }
        var cancellation = try Cancellation(request, exchange: exchange)
        cancellation.computeSeconds = context.settings.configuration.computeSeconds
        var call = try Call(
            request,
            matched,
            of: context,
            host: host,
            cancellation: cancellation
        )
        if let key = context.key { call.place = try keyUse.enter(key) }
        return call
    }

    /// The answer to a request that was admitted, and goes no further.
    private func refusal(_ error: ServiceError, of request: Request) -> Response {
        let context = request.context as? RequestContext
        var response = refusal(error, of: request.head, context?.settings ?? settings)
        if let id = context?.matched?.parameters.session {
            response.headers.append(("X-Session-Id", id))
        }
        return response
    }

    public func errorResponse(_ error: HTTPError, requestID: String) -> Response {
        ServiceError.http(error).refusal(requestID: requestID)
    }
}

extension Service {
    private func schedule(_ call: Call, _ exchange: Exchange) {
        let refuse: @Sendable (ServiceError) -> Void = { error in
            self.leave(self.response(with: error, call), call, exchange)
        }
        var job = job(for: call, run: { self.run(call, exchange, $0) }, refuse: refuse)
        if job.company != nil { job.join = { self.join(call, exchange) } }
        do throws(ServiceError) {
            try scheduler.submit(job)
        } catch {
            refuse(error)
        }
    }

    /// What the scheduler knows of a call, or of the `share` of it that is left after some seconds of computing.
    func job(
        for call: Call,
        share: Double = 1,
        after computedBefore: Double = 0,
        run: @escaping @Sendable (SharedTurn) -> Bool,
        refuse: @escaping @Sendable (ServiceError) -> Void
    ) -> Scheduler.Job {
        let company = company(of: call)
        return Scheduler.Job(
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
            company: company?.model,
            joinsOnly: company?.costs.takesAllCores ?? false,
            run: run,
            refuse: refuse
        )
    }

    /// What a call can be computed together with: the steps of its model.
    private func company(of call: Call) -> (model: ObjectIdentifier, costs: JoinCosts)? {
        guard call.route.joins, let model = call.namedModel,
            model.canStepTogether || model.isMemoryBound && model.sideBySide != nil,
            call.configuration.joinedSteps > 1
        else { return nil }
        let costs = host.joinCosts(of: model)
        return costs.mayJoin ? (ObjectIdentifier(model), costs) : nil
    }

    /// Prepares a call for another one's turn; nil if it is answered by that, or needs a turn of its own.
    private func join(_ call: Call, _ exchange: Exchange) -> (any Companion)? {
        var prepared = call
        prepared.isCompanion = true
        do throws(ServiceError) {
            var answer = try answer(to: &prepared)
            prepared.isCompanion = false
            if let work = answer.work {
                return JoiningMember(SequenceMember(prepared, exchange, work))
            }
            if let work = answer.tensors {
                return JoiningTensors(
                    TensorMember(call: prepared, exchange: exchange, work: work)
                )
            }
            if answer.isDeclined {
                var job = job(for: call, run: { self.run(call, exchange, $0) }) { error in
                    self.leave(self.response(with: error, call), call, exchange)
                }
                job.company = nil
                scheduler.resume(job)
                return nil
            }
            try conclude(&answer, prepared)
            leave(response(with: answer, prepared), prepared, exchange)
        } catch {
            if beginsAgain(call.request, exchange, after: error) { return nil }
            leave(response(with: error, prepared), prepared, exchange)
        }
        return nil
    }

    /// Runs the endpoint and sends what it answers; false if the time it took is not typical.
    private func run(_ call: Call, _ exchange: Exchange, _ turn: SharedTurn) -> Bool {
        let request = call.request
        var call = call
        let response: Response
        var isTypical = true
        do throws(ServiceError) {
            var answer = try answer(to: &call)
            if let work = answer.work {
                return compute(SequenceMember(call, exchange, work), turn)
            }
            if let work = answer.tensors {
                return compute(TensorMember(call: call, exchange: exchange, work: work), turn)
            }
            try conclude(&answer, call)
            response = self.response(with: answer, call)
        } catch {
            if beginsAgain(request, exchange, after: error) { return false }
            response = self.response(with: error, call)
            isTypical = false
        }
        leave(response, call, exchange)
        return isTypical
    }

    /// Runs the endpoint on this thread, and sends what it answers.
    private func answer(_ call: consuming Call, _ exchange: Exchange) {
        do throws(ServiceError) {
            send(try answered(&call), to: call, exchange)
        } catch {
            if beginsAgain(call.request, exchange, after: error) { return }
            send(response(with: error, call), to: call, exchange)
        }
    }

    /// Runs the endpoint for somebody who does not wait for events one by one.
    private func answered(_ call: inout Call) throws(ServiceError) -> Response {
        var answer = try answer(to: &call)
        if let work = answer.work { answer = try work.answer(&call) }
        if let work = answer.tensors {
            answer = try work.finish(try work.compute(call.cancellation), &call)
        }
        try conclude(&answer, call)
        return response(with: answer, call)
    }

    /// Bytes of a body whose reading takes about as long as it takes to wake a helper, up to a millisecond.
    private static let longDecoding = 48 << 10...8 << 20

    /// Has helpers awake when the body is read and the model begins to compute, where that is worth it.
    private func expectPass(of call: Call) {
        guard call.route.placement == .queue,
            Self.longDecoding.contains(call.request.body.count)
        else { return }
        call.namedModel?.workers.expectPass()
    }

    private func answer(to call: inout Call) throws(ServiceError) -> Answer {
        call.stopwatch.enter(.decode)
        expectPass(of: call)
        try call.unpackBody(with: coder)
        if let unchanged = tags.answer(to: call) { return unchanged }
        return try call.route.answer(&call)
    }
}
