import Compute
import HTTP
import Models
import Synchronization
import Telemetry

/// A request that has symbols read, between two of them; a value, which any thread may go on with.
struct SequenceMember: Sendable {
    var call: Call
    let exchange: Exchange
    var work: any SequenceWork
    /// Where events go, once there were some.
    var stream: ResponseStream?
    /// What was sent so far, for a session whose client may ask for it again.
    var sent: [UInt8] = []
    /// Whether it never waited for its client, so that its time tells about its work.
    var isTypical = true
    /// Seconds computed before the current turn.
    var computed = 0.0

    init(_ call: Call, _ exchange: Exchange, _ work: any SequenceWork) {
        (self.call, self.exchange, self.work) = (call, exchange, work)
    }
}

/// A member on its way into another one's turn.
final class JoiningMember: Companion {
    private let member: Mutex<SequenceMember?>

    init(_ member: SequenceMember) {
        self.member = Mutex(member)
    }

    /// Gives it away, once.
    func take() -> SequenceMember? { member.withLock { $0.take() } }
}

/// How a member goes on after some symbols.
enum MemberProgress {
    case goesOn
    /// It is answered, or was given up.
    case isOver
    /// Its client has to take what there is first.
    case waits
}

extension Service {
    /// Goes on once all symbols were read that were to be: draws the next, sends an event, or answers.
    func proceed(_ member: inout SequenceMember) -> MemberProgress {
        do throws(ServiceError) {
            switch try member.work.proceed(&member.call) {
            case .reads(let event):
                if let event { send([event], of: &member) }
            case .answers(var answer):
                try conclude(&answer, member.call)
                leave(response(with: answer, member.call), member.call, member.exchange)
                return .isOver
            case .ends(let events):
                send(events, of: &member)
                try end(&member)
                return .isOver
            }
        } catch {
            fail(member, error)
            return .isOver
        }
        guard let stream = member.stream, !stream.hasRoom else { return .goesOn }
        return .waits
    }

    private func send(_ events: [Event], of member: inout SequenceMember) {
        let bytes = events.reduce(into: [UInt8]()) { $0 += $1.bytes }
        let stream =
            member.stream
            ?? member.exchange.stream(finished(eventHead(member.call), for: member.call))
        if member.call.session != nil { member.sent += bytes }
        stream.send(bytes)
        member.stream = stream
    }

    private func eventHead(_ call: Call) -> Response {
        var call = call
        let answer = sessionHeaders(of: Answer(events: []), call)
        call.stopwatch.enter(.queue)
        return Response(answer.status, headers: headers(of: answer, call, nil))
    }

    private func end(_ member: inout SequenceMember) throws(ServiceError) {
        var whole = Answer(events: member.sent)
        try conclude(&whole, member.call)
        let ending = member
        keep(member.call, failed: false) { fault in
            if let fault {
                self.fail(ending, .session(ending.call.parameters.session ?? "", fault))
            } else {
                ending.stream?.end(note: self.conclude(ending.call, nil))
            }
        }
    }

    /// Answers with an error; behind the first event, when the status can no longer say it, as an event.
    func fail(_ member: SequenceMember, _ error: ServiceError) {
        let call = member.call
        guard let stream = member.stream else {
            leave(response(with: error, call), call, member.exchange)
            return
        }
        keep(call, failed: true) { _ in }
        let name = call.route.conventions == .own ? "error" : nil
        let event = Event(name: name, error.document(requestID: call.request.requestID))
        stream.send(event.bytes)
        stream.end(note: conclude(call, error))
    }

    /// Queues what is left of a member that let go of its core.
    func requeue(_ member: SequenceMember) {
        var member = member
        member.call.stopwatch.enter(.queue)
        scheduler.resume(rest(of: member))
    }

    /// The same once its client has taken some of what there is; one slower than the model does not keep a core.
    func requeueWhenRoom(_ member: SequenceMember) {
        var member = member
        member.call.stopwatch.enter(.queue)
        member.isTypical = false
        let job = rest(of: member)
        member.stream?.whenRoom { self.scheduler.resume(job) }
    }

    private func rest(of member: SequenceMember) -> Scheduler.Job {
        var going = member
        going.work.run.pause()
        going.call.stopwatch.enter(.compute)
        let rest = going
        var job = job(
            for: member.call,
            share: member.work.remaining,
            after: member.computed,
            run: { self.compute(rest, $0) },
            refuse: { self.fail(rest, $0) }
        )
        if job.company != nil { job.join = { JoiningMember(rest) } }
        return job
    }
}
