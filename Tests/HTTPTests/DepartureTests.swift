import Dispatch
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// Clients that leave, and servers that stop.
@Suite struct DepartureTests {
    static let held = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"

    private func exchange(_ service: TestService) throws -> Exchange {
        _ = eventually { service.held.withLock { !$0.isEmpty } }
        return try #require(service.held.withLock { $0.popLast() })
    }

    @Test func `a half-closed client gets its answer, computed at once`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            client.endSending()
            #expect(client.answer()?.text == "ok")
            #expect(client.isClosed())
        }
    }

    @Test func `a half-closed client gets its answer, computed elsewhere`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(Self.held + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let exchange = try exchange(service)
            client.endSending()
            // The interim answer by which the server finds out that the client still listens.
            #expect(client.answer()?.status == 100)
            usleep(50_000)
            #expect(!exchange.isAbandoned)
            exchange.respond(Response(.ok, body: Array("late".utf8)))
            #expect(client.answer()?.text == "late")
            #expect(client.answer()?.text == "ok")
            #expect(client.isClosed())
        }
    }

    @Test func `an HTTP/1.0 client that half-closes gets its answer and no interim one`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("GET /held HTTP/1.0\r\n\r\n")
            let exchange = try exchange(service)
            client.endSending()
            usleep(50_000)
            exchange.respond(Response(.ok, body: Array("late".utf8)))
            #expect(client.answer()?.text == "late")
            #expect(client.isClosed())
        }
    }

    @Test("the exchange of a client that is gone is abandoned", arguments: [false, true])
    func abandons(byReset: Bool) throws {
        try withServer { server, service in
            var client: Client? = try Client(port: server.port)
            client?.send(Self.held)
            let exchange = try exchange(service)
            #expect(!exchange.isAbandoned)
            if byReset { client?.resetOnClose() }
            client = nil
            #expect(eventually { exchange.isAbandoned })
            exchange.respond(Response(.ok))
            #expect(eventually { service.records.withLock { $0.last?.status.code == 499 } })
            #expect(eventually { server.statistics.openConnections == 0 })
            #expect(eventually { server.statistics.requestsInFlight == 0 })
        }
    }

    @Test func `input that comes while computing waits quietly`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(Self.held)
            let exchange = try exchange(service)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let before = server.turns
            usleep(200_000)
            // Readiness that is not switched off would turn the loop without a pause.
            #expect(server.turns - before < 10)
            exchange.respond(Response(.ok))
            #expect(client.answer()?.status == 200)
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `shutdown waits for a request in flight and closes idle connections`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(loops: 2), handler: service)
        try server.start()
        let port = server.port
        let busy = try Client(port: port)
        busy.send(Self.held)
        let exchange = try exchange(service)
        let idle = try Client(port: port)
        idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(idle.answer()?.status == 200)
        let thread = startThread { server.shutdown(grace: .seconds(patience)) }
        #expect(idle.isClosed())
        #expect(eventually { (try? Client(port: port)) == nil })
        #expect(thread.wait(timeout: .now()) == .timedOut)
        exchange.respond(Response(.ok, body: Array("last".utf8)))
        let answer = busy.answer()
        #expect(answer?.text == "last")
        #expect(answer?.fields["connection"] == "close")
        #expect(busy.isClosed())
        #expect(thread.wait(timeout: .now() + patience) == .success)
        #expect(eventually { server.statistics.openConnections == 0 })
    }

    @Test func `shutdown cuts off what does not finish in time`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(), handler: service)
        try server.start()
        let client = try Client(port: server.port)
        client.send(Self.held)
        let exchange = try exchange(service)
        server.shutdown(grace: .milliseconds(200))
        #expect(exchange.isAbandoned)
        #expect(client.isClosed())
        exchange.respond(Response(.ok))
    }

    @Test func `requests sent while connecting to a server that stops are answered`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(loops: 2), handler: service)
        try server.start()
        var clients: [Client] = []
        for _ in 0..<50 {
            let client = try Client(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
        }
        server.shutdown(grace: .seconds(patience))
        for client in clients { #expect(client.answer()?.text == "ok") }
    }
}
