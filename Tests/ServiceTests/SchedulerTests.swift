import Dispatch
import Files
import Graph
import HTTP
import Synchronization
import Testing

@testable import Service
@testable import Telemetry

@Suite struct `Admission` {
    private let kind = CostEstimates.Kind(model: "m", operation: "o")

    private func cancellation(
        _ exchange: Exchange? = nil,
        timeout: Int? = nil
    ) throws -> Cancellation {
        let headers = timeout.map { [("X-Request-Timeout-Ms", String($0))] } ?? []
        return try Cancellation(try Request("GET", "/", headers: headers), exchange: exchange)
    }

    /// Jobs whose end the test decides.
    private final class Gate: Sendable {
        let opened = DispatchSemaphore(value: 0)
        let finished = DispatchSemaphore(value: 0)
        let refusals = Mutex<[String]>([])
        let ran = Atomic(0)

        func job(
            _ kind: CostEstimates.Kind,
            _ units: Double,
            _ cancellation: Cancellation,
            client: String? = nil,
            level: Int = 0
        )
            -> Scheduler.Job
        {
            Scheduler.Job(
                kind: kind,
                units: units,
                client: ClientIdentity(keyName: client, peer: nil),
                level: level,
                cancellation: cancellation,
                run: { _ in
                    self.opened.wait()
                    self.ran.add(1, ordering: .relaxed)
                    self.finished.signal()
                    return false
                },
                refuse: { error in
                    self.refusals.withLock { $0.append(error.code) }
                    self.finished.signal()
                }
            )
        }

        func open(_ count: Int) {
            for _ in 0..<count { opened.signal() }
            for _ in 0..<count { finished.wait() }
        }
    }

    @Test func `refuses what would wait longer than the limit, and nothing else`() throws {
        // One unit is predicted to take 1 ms; one core; at most 100 ms of waiting.
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 0.1, slice: 1000)
        let gate = Gate()
        for _ in 0..<3 { try scheduler.submit(gate.job(kind, 40, cancellation())) }
        let error = #expect(throws: ServiceError.self) {
            try scheduler.submit(gate.job(kind, 1, try cancellation()))
        }
        #expect(error?.code == "overloaded")
        #expect(error?.status == .tooManyRequests)
        let response = error?.response(requestID: "r")
        #expect(response?.headers.contains { $0 == ("Retry-After", "1") } == true)
        #expect(scheduler.load.waiting == 2)
        gate.open(3)
        #expect(gate.ran.load(ordering: .relaxed) == 3)
        let later = Gate()
        try scheduler.submit(later.job(kind, 1, cancellation()))
        later.open(1)
    }

    @Test func `what was admitted once goes on, however much waits`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 0.1, slice: 1000)
        let gate = Gate()
        for _ in 0..<3 { try scheduler.submit(gate.job(kind, 40, cancellation())) }
        scheduler.resume(try gate.job(kind, 40, cancellation()))
        #expect(scheduler.load.waiting == 3)
        gate.open(4)
        #expect(gate.refusals.withLock { $0.isEmpty })
        let later = Gate()
        scheduler.resume(try later.job(kind, 1, cancellation()))
        later.open(1)
        #expect(later.ran.load(ordering: .relaxed) == 1)
    }

    @Test func `a client with one request is served beside one with many`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 0.1, slice: 1000)
        let crowd = Gate(), single = Gate()
        for _ in 0..<11 { try scheduler.submit(crowd.job(kind, 10, cancellation(), client: "a")) }
        #expect(throws: ServiceError.self) {
            try scheduler.submit(crowd.job(kind, 10, try cancellation(), client: "a"))
        }
        // The queue is full, but not of this client's requests.
        try scheduler.submit(single.job(kind, 10, cancellation(), client: "b"))
        single.opened.signal()
        crowd.opened.signal()
        crowd.opened.signal()
        single.finished.wait()
        // At most the one that ran and one more came before it.
        #expect(crowd.ran.load(ordering: .relaxed) <= 2)
        for _ in 0..<9 { crowd.opened.signal() }
        for _ in 0..<11 { crowd.finished.wait() }
        #expect(crowd.ran.load(ordering: .relaxed) == 11)
        // Nobody was refused for another's sake.
        #expect(crowd.refusals.withLock { $0 } == [])
    }

    @Test func `an urgent request of a client whose queue is full takes the place of its last`()
        throws
    {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 0.1, slice: 1000)
        let crowd = Gate(), urgent = Gate()
        for _ in 0..<11 { try scheduler.submit(crowd.job(kind, 10, cancellation(), client: "a")) }
        #expect(throws: ServiceError.self) {
            try scheduler.submit(
                urgent.job(kind, 10, try cancellation(), client: "a", level: 1)
            )
        }
        try scheduler.submit(urgent.job(kind, 10, cancellation(), client: "a", level: -1))
        crowd.finished.wait()
        #expect(crowd.refusals.withLock { $0 } == ["overloaded"])
        // The one that ran, and then the urgent one.
        crowd.opened.signal()
        crowd.finished.wait()
        urgent.open(1)
        #expect(crowd.ran.load(ordering: .relaxed) == 1)
        for _ in 0..<9 { crowd.opened.signal() }
        for _ in 0..<9 { crowd.finished.wait() }
        #expect(crowd.ran.load(ordering: .relaxed) == 10)
    }

    @Test func `a deadline that cannot be met is refused before it waits`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 1000)
        let gate = Gate()
        try scheduler.submit(gate.job(kind, 100, cancellation()))
        let error = #expect(throws: ServiceError.self) {
            try scheduler.submit(gate.job(kind, 1, try cancellation(timeout: 50)))
        }
        #expect(error?.status == .gatewayTimeout)
        gate.open(1)
    }

    @Test func `a client that has gone is not computed for`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 1000)
        let gate = Gate()
        let exchange = Exchange(deliver: { _ in })
        try scheduler.submit(gate.job(kind, 1, cancellation()))
        try scheduler.submit(gate.job(kind, 1, cancellation(exchange)))
        exchange.abandon()
        gate.opened.signal()
        gate.finished.wait()
        gate.finished.wait()
        #expect(gate.ran.load(ordering: .relaxed) == 1)
        #expect(gate.refusals.withLock { $0 } == ["client_gone"])
    }

    /// A job that polls as computations do, until `isOver`.
    private func polling(
        _ cancellation: Cancellation,
        client: String,
        until isOver: @escaping @Sendable () -> Bool,
        then finish: @escaping @Sendable (Bool) -> Void
    ) -> Scheduler.Job {
        Scheduler.Job(
            kind: kind,
            units: 1,
            client: ClientIdentity(keyName: client, peer: nil),
            cancellation: cancellation,
            run: { _ in
                while !isOver() {
                    if cancellation.isCancelled {
                        finish(true)
                        return false
                    }
                }
                finish(false)
                return true
            },
            refuse: { _ in finish(true) }
        )
    }

    @Test func `computations without an end give the core to others and then go on`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 0.001)
        let isOver = Atomic(false), ended = DispatchSemaphore(value: 0)
        let running = Atomic(0), most = Atomic(0)
        for client in ["a", "b", "c"] {
            // Every poll is a piece of work in which nobody else computes.
            let job = polling(try cancellation(), client: client) {
                let now = running.add(1, ordering: .relaxed).newValue
                if now > most.load(ordering: .relaxed) { most.store(now, ordering: .relaxed) }
                running.subtract(1, ordering: .relaxed)
                return isOver.load(ordering: .relaxed)
            } then: { wasCancelled in
                #expect(!wasCancelled)
                ended.signal()
            }
            try scheduler.submit(job)
        }
        for _ in 0..<20 {
            let answered = DispatchSemaphore(value: 0)
            let job = polling(try cancellation(), client: "good") {
                true
            } then: { _ in
                answered.signal()
            }
            try scheduler.submit(job)
            answered.wait()
        }
        isOver.store(true, ordering: .relaxed)
        for _ in 0..<3 { ended.wait() }
    }

    @Test func `a job that never polls holds up nobody for long`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 0.001)
        let hog = Gate(), other = Gate()
        try scheduler.submit(hog.job(kind, 1, cancellation(), client: "a"))
        other.opened.signal()
        try scheduler.submit(other.job(kind, 1, cancellation(), client: "b"))
        other.finished.wait()
        hog.open(1)
    }

    @Test func `a request computes for no longer than it may, waiting not counted`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 0.001)
        let ended = DispatchSemaphore(value: 0)
        let error = Mutex<ServiceError?>(nil)
        var limited = try cancellation()
        limited.computeSeconds = 1
        let cancellation = limited
        let job = Scheduler.Job(
            kind: kind,
            units: 1,
            cancellation: cancellation,
            computedBefore: 0.95,
            run: { _ in
                while !cancellation.isCancelled {}
                error.withLock { $0 = cancellation.explain(.cancelled) }
                ended.signal()
                return false
            },
            refuse: { _ in }
        )
        try scheduler.submit(job)
        ended.wait()
        let got = try #require(error.withLock { $0 })
        #expect(got.code == "compute_time_exceeded")
        #expect(got.status == .serviceUnavailable)
        #expect(got.description.contains("1 s") && got.description.contains("compute_seconds"))
    }

    @Test func `an estimate that refuses on an idle server does not do so for ever`() throws {
        let scheduler = Scheduler(cores: 1, longestWaitSeconds: 10, slice: 1000)
        let gate = Gate()
        var refusals = 0
        while refusals < 1000 {
            // 200 s are guessed for it.
            let job = gate.job(kind, 200_000, try cancellation(timeout: 10_000))
            do throws(ServiceError) {
                try scheduler.submit(job)
                break
            } catch {
                #expect(error.code == "deadline_exceeded")
                refusals += 1
            }
        }
        #expect((1..<100).contains(refusals))
        if refusals < 1000 { gate.open(1) }
    }

    @Test func `estimates follow what is measured`() {
        var estimates = CostEstimates()
        #expect(estimates.seconds(of: kind, units: 2) == 2 * CostEstimates.firstGuessSeconds)
        estimates.learn(kind, units: 2, seconds: 4)
        #expect(estimates.seconds(of: kind, units: 1) == 2)
        for _ in 0..<100 { estimates.learn(kind, units: 1, seconds: 1) }
        #expect(abs(estimates.seconds(of: kind, units: 1) - 1) < 1e-3)
    }

    @Test func `a running computation stops when its client goes`() throws {
        let text = String(repeating: "And God ", count: 10_000)
        let exchange = Exchange(deliver: { _ in })
        exchange.abandon()
        let request = try Request(
            "POST",
            "/models/scripture/score",
            headers: [("Content-Type", "text/plain")],
            body: Bytes(Array(text.utf8))
        )
        var call = try Fixture.service.call(
            request,
            (Score.route, PathParameters(model: "scripture")),
            exchange
        )
        let error = #expect(throws: ServiceError.self) {
            try Score.answer(&call).work?.answer(&call)
        }
        #expect(error?.status == .clientClosedRequest)
    }
}
