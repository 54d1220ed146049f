import Synchronization
import TestSupport
import Testing

@testable import HTTP

/// Answers sent piece by piece.
@Suite struct StreamTests {
    static let held = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"
    static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `every piece is a chunk that arrives before the next is made`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(Self.held)
            let stream = try beginStream(service)
            #expect(client.text(through: "\r\n\r\n").contains("Transfer-Encoding: chunked"))
            stream.send(Array("first".utf8))
            #expect(client.text(through: "first\r\n") == "5\r\nfirst\r\n")
            stream.send([])
            stream.send(Array("and the second".utf8))
            #expect(client.text(through: "second\r\n") == "e\r\nand the second\r\n")
            stream.end()
            #expect(client.text(through: "0\r\n\r\n") == "0\r\n\r\n")
            client.send(Self.get)
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `pieces made while the handler runs are one chunk, and requests behind wait`() throws
    {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("GET /streamed HTTP/1.1\r\nHost: a\r\n\r\n" + Self.held + Self.get)
            #expect(client.answer()?.text == "at once")
            let stream = try beginStream(service)
            stream.send(Array("slowly".utf8))
            stream.end()
            #expect(client.answer()?.text == "slowly")
            #expect(client.answer()?.text == "ok")
        }
    }

    @Test func `to HTTP 1.0 the end of the connection is the end of the answer`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("GET /held HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let stream = try beginStream(service)
            stream.send(Array("one,".utf8))
            #expect(client.text(through: "one,").hasSuffix("Connection: close\r\n\r\none,"))
            stream.send(Array("two".utf8))
            stream.end()
            #expect(client.rest() == "two")
        }
    }

    @Test func `HEAD gets the head only, and nothing is made for it`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("HEAD /held HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
            let stream = try beginStream(service)
            #expect(eventually { stream.isAbandoned })
            stream.send(Array("nobody wants this".utf8))
            stream.end()
            let head = client.answer(toHead: true)
            #expect(head?.fields["transfer-encoding"] == "chunked")
            #expect(client.answer()?.text == "ok")
            #expect(service.records.withLock { $0.map(\.status.code) } == [200, 200])
        }
    }

    @Test func `Connection close ends the connection behind the last chunk`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let stream = try beginStream(service)
            stream.send(Array("x".utf8))
            stream.end()
            #expect(client.rest().hasSuffix("Connection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
        }
    }

    @Test func `a stream let go of has no last chunk`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(Self.held)
            var stream: ResponseStream? = try beginStream(service)
            stream?.send(Array("half".utf8))
            stream = nil
            #expect(client.rest().hasSuffix("\r\n\r\n4\r\nhalf\r\n"))
            #expect(eventually { service.records.withLock { $0.last?.status.code == 500 } })
        }
    }

    @Test func `only the first answer counts`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send(Self.held + Self.held)
            let first = try heldExchange(service)
            first.respond(Response(.ok, body: Array("whole".utf8)))
            let late = first.stream(Response(.ok))
            #expect(late.isAbandoned && late.hasRoom)
            late.send([1])
            late.end()
            #expect(client.answer()?.text == "whole")
            let second = try heldExchange(service)
            let stream = second.stream(Response(.ok))
            second.respond(Response(.ok, body: Array("whole".utf8)))
            stream.send(Array("piece".utf8))
            stream.end()
            #expect(client.answer()?.text == "piece")
        }
    }

    @Test func `an exchange without a connection delivers the pieces together`() {
        let delivered = Mutex<[Response]>([])
        let deliver = { @Sendable (response: Response) in
            delivered.withLock { $0.append(response) }
        }
        let stream = Exchange(deliver: deliver).stream(Response(.accepted))
        stream.send([1, 2])
        stream.send([3])
        #expect(stream.hasRoom)
        stream.end(note: Word("note"))
        stream.send([4])
        stream.end()
        Exchange(deliver: deliver).stream(Response(.ok)).send([5])
        #expect(delivered.withLock { $0.map(\.body) } == [[1, 2, 3], []])
        #expect(delivered.withLock { $0.map(\.status.code) } == [202, 500])
        #expect(delivered.withLock { $0[0].note as? Word }?.text == "note")
    }

    @Test func `the log has the bytes, the status and the note once the stream has ended`() throws {
        try withServer { server, service in
            let client = try Client(port: server.port)
            client.send("GET /held HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let stream = try beginStream(service)
            stream.send([UInt8](repeating: 65, count: 1000))
            #expect(client.text(through: "\r\n\r\n").isEmpty == false)
            #expect(service.records.withLock { $0.isEmpty })
            #expect(eventually { server.statistics.requestsInFlight == 1 })
            stream.end(note: Word("all"))
            _ = client.rest()
            let record = try #require(service.records.withLock { $0.last })
            #expect(record.status == .ok)
            #expect((record.note as? Word)?.text == "all")
            #expect(record.bytesOut == server.statistics.bytesOut)
            #expect(eventually { server.statistics.requestsInFlight == 0 })
        }
    }

    @Test func `what was said of a head comes with its request and its record, and with no other`()
        throws
    {
        try withServer { server, service in
            let client = try Client(port: server.port)
            for (target, text) in [("/context?1", "/context?1"), ("/refused", ""), ("/small", nil)]
            {
                client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try #require(client.answer())
                if let text { #expect(answer.text == text) }
            }
            #expect(eventually { service.records.withLock { $0.count } == 3 })
            let words = service.records.withLock { $0.map { ($0.context as? Word)?.text } }
            #expect(words == ["/context?1", "/refused", nil])
        }
    }

    @Test func `random pieces of any size are what a client reads`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        try withServer { server, service in
            let client = try Client(port: server.port)
            for _ in 0..<20 {
                client.send(Self.held)
                let stream = try beginStream(service)
                var whole: [UInt8] = []
                for _ in 0..<generator.int(0...40) {
                    let count = generator.int(0...1) * generator.int(0...3000)
                    let piece = (0..<count).map { _ in UInt8(generator.int(0...255)) }
                    whole += piece
                    stream.send(piece)
                }
                stream.end()
                #expect(client.answer()?.body == whole, "seed \(seed)")
            }
        }
    }
}
