import Dispatch
public import HTTP
import Models
import Telemetry

/// The one way out: whatever is answered, refused or streamed is counted, noted and dressed here.
extension Service {
    func response(with answer: Answer, _ call: Call) -> Response {
        let note = conclude(call, nil)
        var response = Response(
            answer.status,
            headers: headers(of: answer, call, note.stopwatch),
            body: answer.body
        )
        tags.validate(&response, to: call)
        response.note = note
        return response
    }

    /// Has a session move on with an answer that is whole, and says where it stands.
    func conclude(_ answer: inout Answer, _ call: Call) throws(ServiceError) {
        guard let session = call.session else { return }
        answer = sessionHeaders(of: answer, call)
        do throws(SessionFault) {
            try session.conclude((answer.contentType, answer.body, answer.headers))
        } catch {
            throw .session(session.name.id, error)
        }
    }

    /// With the fields that tell of the call's session.
    func sessionHeaders(of answer: Answer, _ call: Call) -> Answer {
        guard let session = call.session, session.name.model == nil else { return answer }
        var answer = answer
        if session.isFirst {
            // SageMaker hands it to the client, which names it from then on.
            let value = "\(session.name.id); Expires=\(call.timestamp(after: session.ttl))"
            answer.headers.append((SageMakerSession.header, value))
        }
        if !answer.headers.contains(where: { $0.0 == "X-Session-Id" }) {
            answer.headers.append(("X-Session-Id", session.name.id))
            if let position = session.next?.position {
                answer.headers.append(("X-Session-Position", String(position)))
            }
        }
        return answer
    }

    func response(with error: ServiceError, _ call: Call) -> Response {
        let note = conclude(call, error)
        var response = error.response(requestID: call.request.requestID)
        if let id = call.parameters.session { response.headers.append(("X-Session-Id", id)) }
        response.headers.append(("Server-Timing", note.stopwatch?.serverTiming ?? ""))
        response.note = note
        return response
    }

    /// Counts what a model was asked for; what is said of it in the log.
    func conclude(_ call: Call, _ error: ServiceError?) -> AnswerNote {
        var stopwatch = call.stopwatch
        stopwatch.enter(.queue)
        if let model = call.modelLabel, !call.route.operation.isEmpty {
            metrics.count(
                Metrics.ModelCall(
                    model: model,
                    route: call.route.template,
                    operation: call.route.operation,
                    inferences: call.inferences,
                    stopwatch: stopwatch,
                    failure: error.map { FailureReason($0) },
                    isInference: call.route.placement == .queue
                )
            )
        }
        return AnswerNote(code: error?.code, model: call.modelLabel, stopwatch: stopwatch)
    }

    func headers(
        of answer: Answer,
        _ call: Call,
        _ stopwatch: Stopwatch?
    ) -> [(String, String)] {
        let type = answer.contentType.isEmpty ? [] : [("Content-Type", answer.contentType)]
        var headers = type + answer.headers
        // RFC 9110 §12.5.5: caches keep what other clients would be sent in another form.
        if call.route.variesByAccept { headers.append(("Vary", "Accept")) }
        headers.append(("Server-Timing", (stopwatch ?? call.stopwatch).serverTiming))
        if let model = call.namedModel {
            headers.append(("X-Model-Version", model.version))
            headers.append(("X-Model-Numerics", model.numerics))
        }
        if !call.warnings.isEmpty { headers.append(("X-Striate-Warning", call.warningText)) }
        return headers
    }

    /// The answer as this client gets it: packed as it wishes, with the fields that browsers ask for.
    func finished(_ response: Response, for call: Call) -> Response {
        finished(response, for: call.request.head, call.settings)
    }

    func finished(_ response: Response, for head: RequestHead, _ settings: Settings) -> Response {
        var response = response
        let coding = AnswerCoding.choose(for: response, head)
        // An answer that is not sent again varies as the one it stands for.
        if response.status == .notModified || AnswerCoding.isPackable(response) {
            response.headers.append(("Vary", "Accept-Encoding"))
        }
        response.headers += settings.crossOrigin.headers(for: head)
        let replica = settings.configuration.replica
        if !replica.isEmpty { response.headers.append(("X-Replica", replica)) }
        response.headers += PageSecurity.headers(for: response)
        AnswerCoding.pack(&response, coding, with: coder)
        return response
    }

    /// Sends a response, once what its request did to sessions that servers share is kept.
    func leave(_ response: Response, _ call: Call, _ exchange: Exchange) {
        // What follows costs a copy of the call, which few have need of.
        guard let holder = call.holder, holder.hasChanges else {
            exchange.respond(finished(response, for: call))
            return
        }
        leaveOnceKept(response, call, exchange)
    }

    private func leaveOnceKept(_ response: Response, _ call: Call, _ exchange: Exchange) {
        keep(call, failed: response.status.code >= 400) { fault in
            var response = response
            if let fault {
                let error = ServiceError.session(call.parameters.session ?? "", fault)
                let note = response.note as? AnswerNote
                response = error.response(requestID: call.request.requestID)
                response.note = AnswerNote(
                    code: error.code,
                    model: note?.model,
                    stopwatch: note?.stopwatch
                )
            }
            exchange.respond(self.finished(response, for: call))
        }
    }

    /// Has the store keep what a call did to sessions, or forgets that where the call failed.
    func keep(_ call: Call, failed: Bool, _ done: @escaping @Sendable (SessionFault?) -> Void) {
        guard let holder = call.holder, holder.hasChanges else { return done(nil) }
        guard failed else {
            return host.sessions.keep(holder) { fault in
                // The store's threads go on while an answer is packed.
                DispatchQueue.global().async { done(fault) }
            }
        }
        host.sessions.giveUp(holder)
        done(nil)
    }

    /// Sends an answer made on an event loop; a large one is packed elsewhere first.
    func send(_ response: Response, to call: Call, _ exchange: Exchange) {
        guard response.body.count > AnswerCoding.largestOnLoop,
            AnswerCoding.choose(for: response, call.request.head) != .identity
        else {
            leave(response, call, exchange)
            return
        }
        DispatchQueue.global().async { self.leave(response, call, exchange) }
    }

    /// What is counted, traced and logged of an exchange once it is over, whoever answered it.
    public func log(_ record: AccessRecord) {
        let context = record.context as? RequestContext
        let note = record.note as? AnswerNote
        var request = AnsweredRequest(
            id: record.requestID,
            method: record.method,
            target: record.target,
            status: record.status.code,
            bytesIn: record.bytesIn,
            bytesOut: record.bytesOut,
            duration: record.duration
        )
        request.route = context?.template
        request.errorCode = note?.code
        metrics.count(request, model: note?.model)
        guard tracer != nil || accessLog != nil else { return }
        request.keyName = context?.key?.name
        request.client = record.peer?.description
        request.stopwatch = note?.stopwatch
        request.context = record.head.flatMap(TraceContext.init)
        var span: TraceSpan?
        if let tracer, let head = record.head {
            request.userAgent = head.header("User-Agent")
            span = tracer.trace(request)
        }
        accessLog?.write(request, span: span)
    }
}
