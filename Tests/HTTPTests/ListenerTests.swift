import Testing

@testable import HTTP

@Suite struct ListenerTests {
    private func start(_ host: String, _ port: Int) -> HTTPError? {
        let server = Server(
            configuration: ServerConfiguration(host: host, port: port),
            handler: TestService()
        )
        do throws(HTTPError) {
            try server.start()
            server.shutdown(grace: .zero)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a port in use is an error that names it`() throws {
        try withServer { server, _ in
            let error = try #require(start("127.0.0.1", server.port))
            #expect(error == .addressInUse(host: "127.0.0.1", port: server.port))
            #expect("\(error)" == "Port \(server.port) of 127.0.0.1 is in use by another program.")
        }
    }

    @Test(
        "addresses that are not numeric are refused",
        arguments: ["localhost", "", "1.2.3", "::g"]
    )
    func refusesHost(_ host: String) {
        #expect(start(host, 0) == .invalidAddress(host: host, port: 0))
    }

    @Test("ports outside 0 to 65535 are refused", arguments: [-1, 65_536, Int.max, Int.min])
    func refusesPort(_ port: Int) {
        #expect(start("127.0.0.1", port) == .invalidAddress(host: "127.0.0.1", port: port))
    }

    @Test("all kinds of addresses can be listened on", arguments: ["127.0.0.1", "0.0.0.0"])
    func listens(_ host: String) {
        #expect(start(host, 0) == nil)
    }

    @Test func `a few connections are spread over the loops`() throws {
        try withServer(loops: 2) { server, _ in
            var clients: [Client] = []
            for _ in 0..<8 {
                let client = try Client(port: server.port)
                client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.answer()?.status == 200)
                clients.append(client)
            }
            #expect(server.connectionsByLoop == [4, 4])
        }
    }

    @Test("limits out of any range do not trap", arguments: [Int.min, -1, 0, Int.max])
    func survives(_ value: Int) throws {
        var limits = Limits()
        limits.requestLine = value
        limits.head = value
        limits.fields = value
        limits.body = value
        limits.bodyRate = value
        limits.connections = value
        limits.pipelined = value
        limits.output = value
        limits.headTime = .seconds(value)
        limits.keepAliveIdle = .seconds(value)
        limits.linger = .seconds(value)
        try withServer(limits: limits) { server, _ in
            let client = try Client(port: server.port)
            client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
            client.endSending()
            _ = client.answer()
        }
    }

    @Test func `a server starts once`() throws {
        try withServer { server, _ in
            #expect(throws: HTTPError.alreadyStarted) { try server.start() }
        }
    }
}
