import Foundation
import Synchronization
import Testing

@testable import HTTP

/// What happens to newcomers where many connections are open.
@Suite struct `Crowds of connections` {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let held = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"

    private func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        limits.linger = .milliseconds(200)
        change(&limits)
        return limits
    }

    /// A client that was served and is idle now.
    private func idle(_ server: Server, host: UInt32 = 1) throws -> Client {
        let client = try Client(port: server.port, host: host)
        client.send(Self.get)
        try #require(client.answer()?.status == 200)
        return client
    }

    @Test func `in a full table connections give way that have been idle longest`() throws {
        try withServer(loops: 1, limits: limits { $0.connections = 8 }) { server, _ in
            let kept = try (0..<8).map { _ in try idle(server) }
            let first = try idle(server)
            #expect(kept[0].isClosed())
            // One that was used again is no longer the oldest.
            kept[1].send(Self.get)
            #expect(kept[1].answer()?.status == 200)
            let second = try idle(server)
            #expect(kept[2].isClosed())
            for client in kept[3...] + [kept[1], first, second] {
                client.send(Self.get)
                #expect(client.answer()?.status == 200)
            }
            #expect(server.statistics.openConnections == 8)
            withExtendedLifetime((kept, first, second)) {}
        }
    }

    @Test func `newcomers are served whatever loops the idle connections are on`() throws {
        try withServer(loops: 4, limits: limits { $0.connections = 40 }) { server, _ in
            let kept = try (0..<40).map { try idle(server, host: 2 + UInt32($0) % 7) }
            for _ in 0..<200 { _ = try idle(server, host: 20) }
            let newcomers = try (0..<60).map { _ in try idle(server, host: 30) }
            #expect(eventually { server.statistics.openConnections <= 42 })
            withExtendedLifetime((kept, newcomers)) {}
        }
    }

    @Test func `of idle connections one of the client with most gives way`() throws {
        try withServer(loops: 1, limits: limits { $0.connections = 8 }) { server, _ in
            let few = try idle(server, host: 2)
            let many = try (0..<7).map { _ in try idle(server, host: 3) }
            let newcomer = try idle(server, host: 4)
            #expect(many[0].isClosed())
            few.send(Self.get)
            #expect(few.answer()?.status == 200)
            withExtendedLifetime(newcomer) {}
        }
    }

    @Test func `who has most connections that send slowly gives way to who has fewer`() throws {
        for part in ["GET / HT", "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"] {
            try withServer(loops: 1, limits: limits { $0.connections = 8 }) { server, _ in
                let slow = try (0..<8).map { _ in
                    let client = try Client(port: server.port, host: 3)
                    client.send(part)
                    return client
                }
                #expect(eventually { server.statistics.openConnections == 8 })
                let newcomer = try idle(server, host: 4)
                #expect(slow[0].isClosed())
                newcomer.send(Self.held)
                let another = try Client(port: server.port, host: 3)
                another.send(Self.get)
                #expect(another.answer()?.text == "too_many_connections")
                withExtendedLifetime(slow) {}
            }
        }
    }

    @Test func `a client above its share loses what is idle, and is answered 503 where all work`()
        throws
    {
        try withServer(loops: 1, limits: limits { $0.clientConnections = 3 }) { server, service in
            let kept = try (0..<3).map { _ in try idle(server) }
            let fourth = try idle(server)
            #expect(kept[0].isClosed())
            for client in [kept[1], kept[2], fourth] { client.send(Self.held) }
            #expect(eventually { service.held.withLock(\.count) == 3 })
            let fifth = try Client(port: server.port)
            fifth.send(Self.get)
            let answer = fifth.answer()
            #expect(answer?.status == 503)
            #expect(answer?.text == "too_many_connections_of_client")
            #expect(answer?.fields["retry-after"] == "1")
            _ = try idle(server, host: 2)
            fifth.endSending()
            #expect(eventually { server.statistics.openConnections <= 4 })
            for _ in 0..<3 { try heldExchange(service).respond(Response(.ok)) }
            withExtendedLifetime((kept, fourth)) {}
            #expect(fourth.answer()?.status == 200)
            _ = try idle(server)
        }
    }

    @Test func `clients take turns in handshakes`() throws {
        func token(_ number: Int32) -> ConnectionToken {
            ConnectionToken(descriptor: number, generation: 1)
        }
        let (one, two) = (PeerAddress(high: 0, low: 1), PeerAddress(high: 0, low: 2))
        var turns = HandshakeTurns()
        for number in 1...100 { turns.append(token(Int32(number)), of: one) }
        for number in 201...202 { turns.append(token(Int32(number)), of: two) }
        turns.append(token(301), of: nil)
        let order = (0..<6).map { _ in turns.next()?.descriptor }
        #expect(order == [1, 201, 301, 2, 202, 3])
        for number in 4...100 { #expect(turns.next() == token(Int32(number))) }
        #expect(turns.isEmpty)
        #expect(turns.next() == nil)
    }
}
