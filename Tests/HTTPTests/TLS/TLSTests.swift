import COpenSSL
import Foundation
import Testing

@testable import HTTP

@Suite struct TLSTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    let files: TestCertificates
    let configuration: TLSConfiguration

    init() throws {
        files = try TestCertificates()
        configuration = TLSConfiguration(
            certificates: [
                try files.make("first.pem", for: "localhost"),
                try files.make("second.pem", for: "*.example.test"),
            ]
        )
    }

    @Test func `both ports of one server answer`() throws {
        try withSecureServer(configuration) { server, port in
            let secure = try SecureClient(port: port)
            let plain = try Client(port: server.port)
            for _ in 0..<3 {
                secure.send(Self.get)
                #expect(secure.answer()?.text == "ok")
                plain.send(Self.get)
                #expect(plain.answer()?.text == "ok")
            }
        }
    }

    @Test(arguments: [(TLS1_2_VERSION, "TLSv1.2"), (TLS1_3_VERSION, "TLSv1.3")])
    func `both versions are spoken, and sessions resumed`(version: Int32, name: String) throws {
        try withSecureServer(configuration) { _, port in
            var offer = SecureOffer(minimum: version, maximum: version)
            for isResumed in [false, true, true] {
                let client = try SecureClient(port: port, offer)
                client.send(Self.get)
                #expect(client.answer()?.text == "ok")
                #expect(client.version == name)
                #expect(client.isResumed == isResumed)
                #expect(client.cipher.contains("GCM") || client.cipher.contains("CHACHA20"))
                offer.ticket = client.ticket
                // A session ended without close_notify must not be resumed.
                client.endSending()
            }
        }
    }

    @Test func `a stream's pieces arrive one by one`() throws {
        let service = TestService()
        try withSecureServer(configuration, service: service) { _, port in
            let client = try SecureClient(port: port)
            for _ in 0..<2 {
                client.send(StreamTests.held)
                let stream = try beginStream(service)
                for text in ["first", "second"] {
                    stream.send(Array(text.utf8))
                    #expect(client.text(through: "\(text)\r\n").hasSuffix("\r\n\(text)\r\n"))
                }
                stream.end()
                #expect(client.text(through: "0\r\n\r\n") == "0\r\n\r\n")
            }
        }
    }

    @Test func `the oldest of too many unfinished handshakes gives way`() throws {
        var limits = Limits()
        limits.handshakes = 2
        // Between two loops an older connection may be on its way while a newer one has arrived.
        try withSecureServer(configuration, loops: 1, limits: limits) { server, port in
            let silent = try (0..<3).map { _ in try Client(port: port) }
            #expect(eventually { server.statistics.failedHandshakes == 1 })
            #expect(eventually { server.statistics.openConnections == 2 })
            let secure = try SecureClient(port: port)
            secure.send(Self.get)
            #expect(secure.answer()?.text == "ok")
            // The one that ended its handshake took the place of another.
            #expect(eventually { server.statistics.openConnections == 2 })
            withExtendedLifetime(silent) {}
        }
    }

    @Test func `of too many handshakes one of the client with most gives way`() throws {
        var limits = Limits()
        limits.handshakes = 4
        limits.handshakeTime = .seconds(3600)
        try withSecureServer(configuration, loops: 1, limits: limits) { server, port in
            let single = try Client(port: port, host: 2)
            #expect(eventually { server.statistics.openConnections == 1 })
            let many = try (0..<6).map { _ in try Client(port: port, host: 3) }
            #expect(eventually { server.statistics.failedHandshakes == 3 })
            // Which came first, the system tells only when they have waited for something to be sent.
            #expect(eventually { many.filter { $0.isClosed(within: 0) }.count == 3 })
            #expect(single.read(within: 0.1) == nil)
            let secure = try SecureClient(port: port)
            secure.send(Self.get)
            #expect(secure.answer()?.text == "ok")
            withExtendedLifetime(many) {}
        }
    }

    @Test(arguments: [TLS1_VERSION, TLS1_1_VERSION])
    func `old versions are refused`(version: Int32) throws {
        try withSecureServer(configuration) { server, port in
            let offer = SecureOffer(minimum: version, maximum: version)
            #expect(throws: CocoaError.self) { try SecureClient(port: port, offer) }
            #expect(eventually { server.statistics.openConnections == 0 })
            #expect(eventually { server.statistics.failedHandshakes == 1 })
        }
    }

    @Test(
        arguments: [
            ([], ""), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"),
            (["h2"], nil), (["http/1.0", "h3"], nil),
        ] as [([String], String?)]
    )
    func `only http/1.1 is agreed on`(offered: [String], agreed: String?) throws {
        try withSecureServer(configuration) { _, port in
            let offer = SecureOffer(protocols: offered)
            guard let agreed else {
                #expect(throws: CocoaError.self) { try SecureClient(port: port, offer) }
                return
            }
            let client = try SecureClient(port: port, offer)
            #expect(client.agreedProtocol == agreed)
            client.send(Self.get)
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test(
        arguments: [
            ("localhost", "localhost"), ("a.example.test", "*.example.test"),
            ("example.test", "localhost"), ("unknown.test", "localhost"),
        ]
    )
    func `the certificate is chosen by name`(asked: String, got: String) throws {
        try withSecureServer(configuration) { _, port in
            let client = try SecureClient(port: port, SecureOffer(name: asked))
            #expect(client.serverName == got)
        }
    }

    @Test(arguments: [3000, 20_000, 300_000, 5_000_000])
    func `bodies of several records arrive whole, both ways`(count: Int) throws {
        try withSecureServer(configuration) { _, port in
            let client = try SecureClient(port: port)
            let head = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n"
            client.send(Array(head.utf8) + [UInt8](repeating: 1, count: count))
            #expect(client.answer()?.text == "\(count)")
            client.send("GET /zeros?n=\(count) HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
            #expect(client.answer()?.body.count == count)
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `requests that wait decrypted while one is computed are answered`() throws {
        try withSecureServer(configuration) { _, port in
            let client = try SecureClient(port: port)
            let later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
            client.send(later)
            // Each a record of its own, several of which OpenSSL reads at once.
            for _ in 0..<20 { client.send(Self.get) }
            client.send(later + String(repeating: Self.get, count: 500))
            #expect(client.answer()?.text == "later")
            for _ in 0..<20 { #expect(client.answer()?.text == "ok") }
            #expect(client.answer()?.text == "later")
            for _ in 0..<500 { #expect(client.answer()?.text == "ok") }
        }
    }

    @Test func `the end is announced, after an error too`() throws {
        try withSecureServer(configuration) { _, port in
            for (request, status) in [
                ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200), ("X\r\n\r\n", 400),
            ] {
                let client = try SecureClient(port: port)
                client.send(request)
                #expect(client.answer()?.status == status)
                #expect(client.isEndedProperly)
            }
        }
    }

    @Test func `a client that has ended its sending gets its answer`() throws {
        try withSecureServer(configuration) { _, port in
            let client = try SecureClient(port: port)
            client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
            client.endSending()
            #expect(client.answer()?.text == "later")
            #expect(client.isEndedProperly)
        }
    }

    @Test func `plain HTTP on the secure port is told so`() throws {
        try withSecureServer(configuration) { _, port in
            let client = try Client(port: port)
            client.send(Self.get)
            let answer = client.answer()
            #expect(answer?.status == 400)
            #expect(answer?.text == "plain_on_secure_port")
        }
    }

    @Test(arguments: ["", "\u{16}\u{03}", "nonsense, and more of it"])
    func `a handshake that does not get on ends`(text: String) throws {
        var limits = Limits()
        limits.handshakeTime = .milliseconds(300)
        limits.linger = .milliseconds(300)
        try withSecureServer(configuration, limits: limits) { server, port in
            let client = try Client(port: port)
            client.send(text)
            #expect(eventually { server.statistics.acceptedConnections == 1 })
            #expect(eventually { server.statistics.openConnections == 0 })
        }
    }
}
