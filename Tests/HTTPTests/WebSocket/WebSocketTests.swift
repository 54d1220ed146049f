import Foundation
import Synchronization
import Testing

@testable import HTTP

/// WebSockets over sockets.
@Suite struct WebSocketTests {
    private static let handshake = """
        GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
        """

    private func open(_ server: Server) throws -> Client {
        let client = try Client(port: server.port)
        client.send(Self.handshake)
        let head = client.text(through: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        // The example of RFC 6455 §1.3.
        #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(head.contains("Connection: Upgrade\r\n"))
        #expect(!head.contains("Content-Length") && !head.contains("Transfer-Encoding"))
        return client
    }

    /// Reads frames of the server until one is a close frame; its code, nil if the connection ends without.
    private func closeCode(_ client: Client, _ texts: inout [String]) -> Int? {
        var bytes: [UInt8] = []
        while true {
            while let (opcode, payload, count) = frame(bytes) {
                bytes.removeFirst(count)
                if opcode == 1 { texts.append(String(decoding: payload, as: UTF8.self)) }
                if opcode == 8 {
                    return payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : 1005
                }
            }
            guard let more = client.read(within: patience), !more.isEmpty else { return nil }
            bytes += more
        }
    }

    private func frame(_ bytes: [UInt8]) -> (opcode: UInt8, payload: [UInt8], count: Int)? {
        guard bytes.count >= 2 else { return nil }
        let short = Int(bytes[1])
        let extra = short == 126 ? 2 : short == 127 ? 8 : 0
        guard bytes.count >= 2 + extra else { return nil }
        let length = extra == 0 ? short : (0..<extra).reduce(0) { $0 << 8 | Int(bytes[2 + $1]) }
        guard bytes.count >= 2 + extra + length else { return nil }
        return (bytes[0] & 15, Array(bytes[2 + extra..<2 + extra + length]), 2 + extra + length)
    }

    @Test func `messages are answered in their order, and a close with a close`() throws {
        try withServer { server, service in
            let client = try open(server)
            // Many at once, and more than the handler takes at a time.
            client.send((0..<100).flatMap { ClientFrames.text("message \($0)") })
            client.send(ClientFrames.frame(9, [7, 7]))
            client.send(ClientFrames.frame(8, [3, 232]))
            var texts: [String] = []
            #expect(closeCode(client, &texts) == 1000)
            #expect(texts == (0..<texts.count).map { "message \($0)" })
            #expect(client.isClosed())
            #expect(eventually { service.endedSockets.load(ordering: .relaxed) == 1 })
            #expect(eventually { service.records.withLock { $0.last?.status.code } == 101 })
            #expect(eventually { server.statistics.requestsInFlight == 0 })
        }
    }

    @Test func `the server may close, and a client that goes is noticed`() throws {
        try withServer { server, service in
            let client = try open(server)
            client.send(ClientFrames.text("close"))
            var texts: [String] = []
            #expect(closeCode(client, &texts) == 1000)
            do {
                let other = try open(server)
                other.send(ClientFrames.text("wait"))
                usleep(20_000)
                other.resetOnClose()
            }
            _ = try open(server)
            #expect(eventually { service.endedSockets.load(ordering: .relaxed) == 3 })
            #expect(eventually { server.statistics.openConnections == 1 })
        }
    }

    @Test func `hostile frames end their connection and nothing else`() throws {
        try withServer { server, service in
            let bystander = try open(server)
            let cases = ClientFrames.hostile
            for (name, bytes, code) in cases {
                let client = try open(server)
                client.send(bytes)
                var texts: [String] = []
                #expect(closeCode(client, &texts) == code, "\(name)")
            }
            bystander.send(ClientFrames.text("still here") + ClientFrames.text("close"))
            var texts: [String] = []
            #expect(closeCode(bystander, &texts) == 1000)
            #expect(texts == ["still here"])
            #expect(
                eventually { service.endedSockets.load(ordering: .relaxed) == cases.count + 1 }
            )
        }
    }

    @Test func `requests that open nothing are told what is missing`() throws {
        try withServer { server, _ in
            let cases = [
                ("GET /socket HTTP/1.1\r\nHost: x\r\n\r\n", 426),
                (Self.handshake.replacing("Version: 13", with: "Version: 8"), 426),
                (Self.handshake.replacing("Version: 13", with: "Versions: 13"), 426),
                (Self.handshake.replacing("jZQ==", with: "jZQ"), 400),
                (Self.handshake.replacing("dGhlIHNhbXBsZSBub25jZQ==", with: "abc"), 400),
                (Self.handshake.replacing("Upgrade: websocket", with: "Upgrade: h2c"), 426),
                (Self.handshake.replacing("keep-alive, Upgrade", with: "keep-alive"), 426),
                (Self.handshake.replacing("HTTP/1.1", with: "HTTP/1.0"), 426),
            ]
            for (request, status) in cases {
                let client = try Client(port: server.port)
                client.send(request)
                #expect(client.answer()?.status == status, "\(request)")
            }
        }
    }

    @Test func `a quiet client is asked for a sign of life, and then given up`() throws {
        var limits = Limits()
        limits.keepAliveIdle = .milliseconds(200)
        try withServer(limits: limits) { server, service in
            let client = try open(server)
            let ping = client.read(within: patience)
            #expect(ping == [0x89, 0])
            // One that answers stays.
            client.send(ClientFrames.frame(10, []))
            #expect(client.read(within: patience) == [0x89, 0])
            #expect(client.read(within: patience) == [])
            #expect(eventually { service.endedSockets.load(ordering: .relaxed) == 1 })
        }
    }

    @Test func `a server that ends says so`() throws {
        let service = TestService()
        let server = Server(configuration: ServerConfiguration(loops: 1), handler: service)
        try server.start()
        let client = try open(server)
        client.send(ClientFrames.text("hello"))
        #expect(eventually { !service.sockets.withLock { $0.isEmpty } })
        let ended = startThread { server.shutdown(grace: .seconds(5)) }
        var texts: [String] = []
        #expect(closeCode(client, &texts) == 1013)
        ended.wait()
    }
}
