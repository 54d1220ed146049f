import Glibc
import Testing

@testable import HTTP

@Suite struct DeadlineTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Long limits, one of which a test shortens.
    private func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        change(&limits)
        return limits
    }

    @Test func `a slow head is answered 408, however its bytes drip`() throws {
        try withServer(limits: limits { $0.headTime = .milliseconds(300) }) { server, _ in
            let client = try Client(port: server.port)
            client.send("GET / HTTP/1.1\r\nX: ")
            // Dripping goes on for as long as a test waits, so only the limit can end it.
            let drips = Int(patience * 100)
            var answer: Answer?
            for _ in 0..<drips where answer == nil {
                client.send("a")
                answer = client.answer(within: 0.01)
            }
            #expect(answer?.text == "head_timeout")
        }
    }

    @Test func `time for a head counts from its own first byte`() throws {
        // On a busy machine a head may really take too long; then more time is given.
        for milliseconds in [1000, 5000, 25_000] {
            let statuses = try statusesOfSlowHeads(milliseconds)
            guard let statuses else { continue }
            #expect(statuses == [Int](repeating: 200, count: 8))
            return
        }
    }

    /// The answers to four heads that together take longer than the limit; nil if one did alone.
    private func statusesOfSlowHeads(_ milliseconds: Int) throws -> [Int]? {
        let limit = Duration.milliseconds(milliseconds)
        var statuses: [Int] = []
        var isTelling = true
        try withServer(limits: limits { $0.headTime = limit }) { server, _ in
            var start = ContinuousClock.now
            let client = try Client(port: server.port)
            for _ in 0..<4 {
                client.send(Self.get + "GET ")
                usleep(UInt32(milliseconds * 300))
                client.send("/ HTTP/1.1\r\nHost: a\r\n\r\n")
                for _ in 0..<2 { statuses.append(client.answer()?.status ?? 0) }
                if start.duration(to: .now) >= limit { isTelling = false }
                start = .now
            }
        }
        return isTelling ? statuses : nil
    }

    @Test func `a connection that never says anything is closed without an answer`() throws {
        try withServer(limits: limits { $0.headTime = .milliseconds(200) }) { server, _ in
            let closed = try Client(port: server.port).isClosed()
            #expect(closed)
        }
    }

    @Test func `an idle connection is closed without an answer`() throws {
        try withServer(limits: limits { $0.keepAliveIdle = .milliseconds(200) }) { server, _ in
            let client = try Client(port: server.port)
            client.send(Self.get)
            #expect(client.answer()?.status == 200)
            #expect(client.isClosed())
            #expect(eventually { server.statistics.openConnections == 0 })
        }
    }

    @Test func `a body that stops is answered 408`() throws {
        try withServer(limits: limits { $0.bodyIdle = .milliseconds(200) }) { server, _ in
            let client = try Client(port: server.port)
            client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
            #expect(client.answer()?.text == "body_timeout")
        }
    }

    @Test func `a body that drips below the least rate is answered 408`() throws {
        let limits = limits {
            $0.bodyGrace = .milliseconds(300)
            $0.bodyRate = 1_000_000
        }
        try withServer(limits: limits) { server, _ in
            let client = try Client(port: server.port)
            client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n")
            var answer: Answer?
            for _ in 0..<499 where answer == nil {
                client.send("x")
                answer = client.answer(within: 0.01)
            }
            #expect(answer?.text == "body_timeout")
        }
    }

    @Test func `a client that does not read its answer is cut off`() throws {
        try withServer(limits: limits { $0.writeStall = .milliseconds(300) }) { server, _ in
            let client = try Client(port: server.port, receiveBuffer: 4096)
            client.send("GET /zeros?n=50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(eventually { server.statistics.requests == 1 })
            #expect(eventually { server.statistics.openConnections == 0 })
            client.send("")
        }
    }

    @Test func `lingering ends in time`() throws {
        try withServer(limits: limits { $0.linger = .milliseconds(200) }) { server, _ in
            let client = try Client(port: server.port)
            client.send("X\r\n\r\n")
            #expect(client.answer()?.status == 400)
            #expect(eventually { server.statistics.openConnections == 0 })
        }
    }

    @Test func `late connections are found among many that are not`() throws {
        let limits = limits {
            $0.headTime = .seconds(2)
            $0.bodyIdle = .milliseconds(400)
            $0.keepAliveIdle = .seconds(3600)
        }
        try withServer(limits: limits) { server, _ in
            // Each says something at once: a silent one would be late itself.
            let idle = try (0..<200).map { _ in
                let client = try Client(port: server.port)
                client.send(Self.get)
                return client
            }
            for client in idle { #expect(client.answer()?.status == 200) }
            for _ in 0..<3 {
                let head = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                let slow = try (0..<20).map { index in
                    let client = try Client(port: server.port)
                    client.send(index % 2 == 0 ? head : head + "\r\nhel")
                    return client
                }
                for client in slow { #expect(client.answer()?.status == 408) }
            }
            #expect(eventually { server.statistics.openConnections >= 200 })
            for client in idle {
                client.send(Self.get)
                #expect(client.answer()?.status == 200)
            }
        }
    }

    @Test func `connections above the limit are answered 503, and later ones served`() throws {
        try withServer(loops: 1, limits: limits { $0.connections = 2 }) { server, service in
            var kept = [try Client(port: server.port), try Client(port: server.port)]
            for client in kept { client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n") }
            // None of them waits for its client, and so none gives way.
            let held = try (0..<2).map { _ in try heldExchange(service) }
            let third = try Client(port: server.port)
            let answer = third.answer()
            #expect(answer?.status == 503)
            #expect(answer?.fields["retry-after"] == "1")
            third.endSending()
            for exchange in held { exchange.respond(Response(.ok)) }
            for client in kept { #expect(client.answer()?.status == 200) }
            kept = []
            #expect(eventually { server.statistics.openConnections == 0 })
            let fourth = try Client(port: server.port)
            fourth.send(Self.get)
            #expect(fourth.answer()?.status == 200)
        }
    }
}
