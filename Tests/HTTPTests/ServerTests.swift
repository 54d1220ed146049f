import Synchronization
import Testing

@testable import HTTP

@Suite struct ServerTests {
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `a connection is kept for the next request`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            for _ in 0..<3 {
                client.send(Self.get)
                let answer = client.answer()
                #expect(answer?.status == 200)
                #expect(answer?.text == "ok")
                #expect(answer?.fields["connection"] == nil)
                #expect(answer?.fields["date"]?.hasSuffix(" GMT") == true)
            }
            #expect(eventually { server.statistics.acceptedConnections == 1 })
        }
    }

    @Test func `the client's request ID is echoed, another is made for a bad one`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\n\r\n")
            #expect(client.answer()?.fields["x-request-id"] == "abc-1")
            client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n")
            let made = try #require(client.answer()?.fields["x-request-id"])
            #expect(made.utf8.count == 14)
            client.send(Self.get)
            #expect(client.answer()?.fields["x-request-id"] != made)
        }
    }

    @Test func `pipelined requests are answered in order, off-loop ones too`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
            client.send("GET /zeros?n=100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            client.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
            #expect(client.answer()?.text == "later")
            #expect(client.answer()?.text == "ok")
            #expect(client.answer()?.body.count == 100_000)
            #expect(client.answer()?.text == "later")
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `a thousand pipelined requests are all answered`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send(String(repeating: Self.get, count: 1000))
            for index in 0..<1000 { try #require(client.answer()?.text == "ok", "\(index)") }
        }
    }

    @Test func `large answers arrive whole though more requests wait behind them`() throws {
        var limits = Limits()
        limits.output = 1000
        try withServer(limits: limits) { server, _ in
            let client = try Client(port: server.port, receiveBuffer: 4096)
            let text = "GET /zeros?n=3000000 HTTP/1.1\r\nHost: a\r\n\r\n"
            client.send(text + Self.get + text + Self.get)
            for count in [3_000_000, 2, 3_000_000, 2] {
                #expect(client.answer()?.body.count == count)
            }
        }
    }

    @Test func `100 Continue is sent when the body is awaited, and only then`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            let head =
                "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
            client.send(head)
            #expect(client.answer()?.status == 100)
            client.send("hello")
            #expect(client.answer()?.text == "5")
            client.send(head + "hello")
            #expect(client.answer()?.text == "5")
            client.send(
                "POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n"
            )
            #expect(client.answer()?.status == 413)
        }
    }

    @Test func `a refusal before the body reads and drops a small body`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
            let answer = client.answer()
            #expect(answer?.status == 429)
            #expect(answer?.fields["connection"] == nil)
            client.send("lo" + Self.get)
            #expect(client.answer()?.status == 200)
            client.send("POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
            #expect(client.answer()?.fields["connection"] == "close")
        }
    }

    @Test func `a 413 can be read while the body is still being sent`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n")
            client.send([UInt8](repeating: 0, count: 4 << 20))
            let answer = client.answer()
            #expect(answer?.status == 413)
            #expect(answer?.text == "body_too_large")
            client.endSending()
            #expect(client.isClosed())
        }
    }

    @Test func `HEAD has the head of GET and no body`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = client.answer(toHead: true)
            #expect(answer?.fields["content-length"] == "2")
            client.send("HEAD / HTTP/1.1\r\nBad\r\n\r\n")
            #expect(client.answer(toHead: true)?.status == 400)
            client.endSending()
            #expect(client.isClosed())
        }
    }

    @Test func `fields of an answer cannot be used to inject others`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("GET /inject HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = client.answer()
            #expect(answer?.fields["x-a"] == "b  X-Evil: 1")
            #expect(answer?.fields["x-evil"] == nil)
            #expect(answer?.fields["x b"] == nil)
            #expect(answer?.text == "AAA")
        }
    }

    @Test func `an exchange that is dropped answers 500`() throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send("GET /dropped HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
            #expect(client.answer()?.text == "no_answer")
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `every answer is logged once`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(
                Self.get + "POST /p?x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                    + "X\r\n\r\n"
            )
            for _ in 0..<3 { _ = client.answer() }
            let lines = service.records.withLock { records in
                records.map { "\($0.method) \($0.target) \($0.status.code)" }
            }
            #expect(lines == ["GET / 200", "POST /p?x 200", "- - 400"])
            let posted = service.records.withLock { $0[1] }
            #expect(posted.bytesIn == 55)
            #expect(eventually { server.statistics.requests == 3 })
        }
    }
}
