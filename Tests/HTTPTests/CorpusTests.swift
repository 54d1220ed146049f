import TestSupport
import Testing

@testable import HTTP

/// The parser's table and its mutations, sent to a running server.
@Suite struct CorpusTests {
    private static func status(of outcome: Outcome) -> Int {
        switch outcome {
        case .refused(let error): error.status.code
        case .request("GET /", _), .request("POST /p", _): 200
        case .request("OPTIONS *", _): 204
        case .request("get /", _): 405
        case .request("GET /?b", _): 200
        case .request: 404
        }
    }

    @Test func `every row is answered with its statuses, and refusals close`() throws {
        // The limit that the rows were written for.
        var limits = Limits()
        limits.body = 1 << 20
        try withServer(limits: limits) { server, _ in
            for row in acceptedCases + refusedCases where !row.expected.isEmpty {
                let client = try Client(port: server.port)
                client.send(row.bytes)
                var statuses: [Int] = []
                while statuses.count < row.expected.count, let answer = client.answer() {
                    if answer.status != 100 { statuses.append(answer.status) }
                }
                #expect(statuses == row.expected.map(Self.status), "\(row.name)")
                if case .refused = row.expected.last {
                    #expect(client.isClosed(within: 5), "\(row.name)")
                }
            }
        }
    }

    @Test func `an accepted row leaves the connection open for the next`() throws {
        try withServer { server, _ in
            for row in acceptedCases where !row.expected.isEmpty {
                let client = try Client(port: server.port)
                client.send(row.bytes + Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                var last: Answer?
                for _ in 0...row.expected.count { last = client.answer() ?? last }
                #expect(last?.status == 200, "\(row.name)")
            }
        }
    }

    static let connectionCases: [(String, Bool)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, CLOSE\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n", true),
        ("GET / HTTP/1.0\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", true),
    ]

    @Test("the connection is kept or closed as asked", arguments: connectionCases)
    func keeps(_ head: String, isKept: Bool) throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send(head + "\r\n" + head + "\r\n")
            let first = client.answer()
            #expect(first?.status == 200)
            #expect((client.answer() != nil) == isKept)
            let field = first?.fields["connection"]
            let kept = head.contains("1.0") ? "keep-alive" : nil
            #expect(field == (isKept ? kept : "close"))
        }
    }

    static let endings: [String] = [
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello",
        "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "",
    ]

    @Test("a message that ends too early is not answered", arguments: endings)
    func closes(_ text: String) throws {
        try withServer { server, _ in
            let client = try Client(port: server.port)
            client.send(text)
            client.endSending()
            #expect(client.isClosed(within: 5))
        }
    }

    @Test func `two thousand mutated messages are answered or their connection closed`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let seeds = (acceptedCases + refusedCases).filter { $0.bytes.count < 2000 }
        try withServer { server, _ in
            for _ in 0..<2000 {
                guard let row = seeds.randomElement(using: &random) else { return }
                let bytes = mutate(row.bytes, using: &random)
                let client = try Client(port: server.port)
                let cut = Int.random(in: 0...bytes.count, using: &random)
                client.send(Array(bytes[..<cut]))
                client.send(Array(bytes[cut...]))
                client.endSending()
                while client.answer(toHead: bytes.starts(with: Array("HEAD ".utf8))) != nil {}
                #expect(client.isClosed(within: 5), "\(bytes)")
            }
            #expect(eventually { server.statistics.openConnections == 0 })
        }
    }
}
