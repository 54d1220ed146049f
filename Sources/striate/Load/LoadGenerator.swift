import Threads
import Dispatch
import Glibc
import Synchronization

/// What came of a load.
struct LoadReport: Sendable {
    /// From when a request was due.
    var fromDue = LatencyHistogram()
    /// From when it was sent, which hides how long it waited for a connection.
    var fromSent = LatencyHistogram()
    var statuses: [Int: Int] = [:]
    /// Requests to which no answer came.
    var unanswered = 0
    /// Requests that found no free connection for more than a millisecond after they were due.
    var late = 0
    var sent = 0
    /// Requests that were due and found no connection before the end.
    var unsent = 0
    var seconds = 0.0

    mutating func add(_ other: LoadReport) {
        fromDue.add(other.fromDue)
        fromSent.add(other.fromSent)
        statuses.merge(other.statuses, uniquingKeysWith: +)
        (unanswered, late) = (unanswered + other.unanswered, late + other.late)
        sent += other.sent
    }
}

/// Sends requests when they are due over so many connections, each with a thread.
struct LoadGenerator {
    let subject: LoadSubject
    let schedule: LoadSchedule
    let connections: Int

    func run(_ show: @escaping @Sendable (Int) -> Void) -> LoadReport {
        let report = Mutex(LoadReport())
        let sent = Atomic(0)
        let group = DispatchGroup()
        for _ in 0..<connections {
            group.enter()
            startThread {
                defer { group.leave() }
                let own = drive { show(sent.add(1, ordering: .relaxed).newValue) }
                report.withLock { $0.add(own) }
            }
        }
        group.wait()
        return report.withLock { report in
            report.seconds = schedule.elapsed
            report.unsent = schedule.left()
            return report
        }
    }

    private func drive(_ count: () -> Void) -> LoadReport {
        var report = LoadReport()
        var worker = LoadWorker(subject)
        while let due = schedule.next() {
            let wait = (due - .now) / .seconds(1)
            pause(seconds: wait)
            let start = ContinuousClock.now
            if due.duration(to: start) > .milliseconds(1) { report.late += 1 }
            let status = worker.ask()
            let end = ContinuousClock.now
            report.sent += 1
            count()
            guard let status else {
                report.unanswered += 1
                continue
            }
            report.statuses[status, default: 0] += 1
            report.fromDue.add(due.duration(to: end) / .seconds(1))
            report.fromSent.add(start.duration(to: end) / .seconds(1))
        }
        worker.end()
        return report
    }
}

/// A connection, made again where it breaks, and a session if steps of one are asked for.
private struct LoadWorker: ~Copyable {
    private let subject: LoadSubject
    private var connection: LoadConnection?
    private var session: String?
    private let request: [UInt8]

    init(_ subject: LoadSubject) {
        self.subject = subject
        request = subject.request(subject.path, subject.body)
    }

    /// The answer's status; nil without an answer.
    mutating func ask() -> Int? {
        guard let model = subject.sessionModel else { return send(request)?.status }
        if session == nil {
            let body = Array(#"{"model":"\#(model)"}"#.utf8)
            guard let begun = send(subject.request("/sessions", body)), begun.status == 201,
                let id = (plainJSON(begun.body) as? [String: Any])?["id"] as? String
            else { return nil }
            session = id
        }
        let status = send(
            subject.request("/sessions/\(session ?? "")\(subject.path)", subject.body)
        )?
        .status
        // It has expired, or its server has ended.
        if status == 404 || status == 410 { session = nil }
        return status
    }

    /// Ends its session, so that none is left behind.
    mutating func end() {
        guard let session else { return }
        let access = subject.key.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head =
            "DELETE /sessions/\(session) HTTP/1.1\r\nHost: \(subject.place.authority)\r\n\(access)\r\n"
        _ = send(Array(head.utf8))
    }

    private mutating func send(_ request: [UInt8]) -> (status: Int, body: [UInt8])? {
        let place = subject.place
        // A server may have closed what was idle: once more over a new one.
        for isNew in connection == nil ? [true] : [false, true] {
            if isNew {
                guard let made = try? LoadConnection(host: place.host, port: place.port) else {
                    return nil
                }
                connection = consume made
            }
            if let answer = try? connection?.answer(to: request) {
                let isClosing = answer.head.lowercased().contains("connection: close")
                if isClosing { connection = nil }
                return (answer.status, answer.body)
            }
            connection = nil
        }
        return nil
    }
}
