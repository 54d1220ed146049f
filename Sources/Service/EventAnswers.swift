import Compute
import HTTP
import Telemetry

/// An answer of events on its way, between two of them.
struct EventAnswer: Sendable {
    var call: Call
    var events: any EventSource
    let stream: ResponseStream
    /// Whether it never waited for its client, so that its time tells about its work.
    var isTypical = true
    /// Seconds computed before the last wait for the client.
    var computed = 0.0
}

extension Service {
    /// Begins an answer of events; an error before the first is thrown, as that is an ordinary answer.
    func begin(
        _ answer: Answer,
        _ events: any EventSource,
        for call: Call,
        over exchange: Exchange
    ) throws(ServiceError) -> Bool {
        var (events, call) = (events, call)
        let first = try events.next(call)
        call.stopwatch.enter(.queue)
        let head = Response(answer.status, headers: headers(of: answer, call, nil))
        let stream = exchange.stream(finished(head, for: call))
        if let first { stream.send(first.bytes) }
        return proceed(EventAnswer(call: call, events: events, stream: stream))
    }

    /// Makes events while the client takes them; returns whether the whole took a typical time.
    ///
    /// A client that is slower than the model does not keep a core: the rest is queued again when there is room.
    private func proceed(_ answer: EventAnswer) -> Bool {
        var answer = answer
        answer.call.stopwatch.enter(.compute)
        do throws(ServiceError) {
            while answer.stream.hasRoom {
                guard let event = try answer.events.next(answer.call) else {
                    end(answer)
                    return answer.isTypical
                }
                answer.stream.send(event.bytes)
            }
            wait(answer)
        } catch {
            fail(answer, error)
        }
        return false
    }

    private func wait(_ answer: EventAnswer) {
        var answer = answer
        answer.call.stopwatch.enter(.queue)
        answer.isTypical = false
        answer.computed += Turn.computedSeconds
        let rest = answer
        let job = job(
            for: answer.call,
            share: answer.events.remaining,
            after: answer.computed,
            run: { self.proceed(rest) },
            refuse: { self.fail(rest, $0) }
        )
        answer.stream.whenRoom { self.scheduler.resume(job) }
    }

    private func end(_ answer: EventAnswer) {
        answer.stream.end(note: conclude(answer.call, nil))
    }

    /// Tells of an error behind the first event, when the status can no longer say it.
    private func fail(_ answer: EventAnswer, _ error: ServiceError) {
        let call = answer.call
        let name = call.route.conventions == .own ? "error" : nil
        let event = Event(name: name, error.document(requestID: call.request.requestID))
        answer.stream.send(event.bytes)
        answer.stream.end(note: conclude(call, error))
    }
}
