import Glibc
import Synchronization
import Testing

@testable import HTTP

/// Bodies of which the loop waits for more than a segment.
@Suite struct LargeBodyTests {
    private static let size = 1 << 20
    private static let head = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    @Test("a body arrives in whatever pieces", arguments: [1000, 30_000, 250_000, 1 << 20])
    func arrives(piece: Int) throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            for _ in 0..<3 {
                client.send(Self.head)
                var left = Self.size
                while left > 0 {
                    client.send(zeros(min(piece, left)))
                    left -= min(piece, left)
                }
                #expect(client.answer()?.text == "\(Self.size)")
                // What follows is less than a portion, and must be seen all the same.
                client.send(Self.get)
                #expect(client.answer()?.text == "ok")
            }
        }
    }

    @Test func `requests behind a body are answered`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send(Self.head)
            client.send(zeros(Self.size) + Array((Self.get + Self.get).utf8))
            #expect(client.answer()?.text == "\(Self.size)")
            #expect(client.answer()?.text == "ok")
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `a trickle does not wake the loop`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send(Self.head)
            #expect(eventually { server.statistics.bytesIn == Self.head.utf8.count })
            let before = server.turns
            for _ in 0..<50 {
                client.send(zeros(100))
                usleep(2000)
            }
            #expect(server.turns - before < 10)
            client.send(zeros(Self.size - 5000))
            #expect(client.answer()?.text == "\(Self.size)")
        }
    }

    @Test func `a body that goes on without a portion at a time is not late`() throws {
        var limits = Limits()
        limits.bodyIdle = .milliseconds(500)
        try withServer(limits: limits) { server, _ in
            let client = try Client(port: server.port)
            client.send(Self.head)
            var sent = 0
            var isPrompt = true
            for _ in 0..<100 {
                let start = ContinuousClock.now
                client.send(zeros(10))
                sent += 10
                usleep(20_000)
                if start.duration(to: .now) > .milliseconds(400) { isPrompt = false }
            }
            client.send(zeros(Self.size - sent))
            let answer = client.answer()
            // On a machine that held the client up, either answer is right.
            #expect(answer?.text == "\(Self.size)" || !isPrompt && answer?.text == "body_timeout")
        }
    }

    @Test func `a body that stops is answered 408`() throws {
        var limits = Limits()
        limits.bodyIdle = .milliseconds(200)
        try withServer(limits: limits) { server, _ in
            let client = try Client(port: server.port)
            client.send(Self.head)
            client.send(zeros(10_000))
            #expect(client.answer()?.text == "body_timeout")
        }
    }

    @Test("a client that leaves within a body is noticed", arguments: [false, true])
    func leaves(byReset: Bool) throws {
        try withServer { server, service in
            var client: Client? = try Client(port: server.port)
            client?.send(Self.head)
            client?.send(zeros(10_000))
            #expect(eventually { server.statistics.bytesIn > 0 })
            if byReset { client?.resetOnClose() }
            client = nil
            #expect(eventually { server.statistics.openConnections == 0 })
            #expect(service.records.withLock { $0.isEmpty })
        }
    }
}
