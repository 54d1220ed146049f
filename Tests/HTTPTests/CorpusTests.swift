import TestSupport
import Testing

@testable import HTTP

/// The tables of messages, sent to a running server in pieces.
@Suite struct CorpusTests {
    private static let get = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    /// Sizes of the pieces that a message is sent in.
    private static let sizes = [1, 2, 3, 7, Int.max]

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

    /// Sends `bytes` in pieces of `size`; long ones at once, which small pieces would take long for.
    private func send(_ bytes: [UInt8], over client: Client, size: Int) {
        let size = bytes.count > 2000 ? bytes.count : min(size, max(bytes.count, 1))
        for piece in pieces(of: bytes, size: size) { client.send(Array(piece)) }
    }

    /// `count` answers, or fewer if the connection ends before; interim ones left out.
    private func answers(_ client: Client, _ count: Int, toHead: Bool = false) -> [Answer] {
        var answers: [Answer] = []
        while answers.count < count, let answer = client.answer(toHead: toHead) {
            if answer.status != 100 { answers.append(answer) }
        }
        return answers
    }

    @Test func `every rule has rows, and every row a rule`() {
        let rows = (acceptedCases + refusedCases).map(\.rule) + connectionCases.map(\.rule)
        let shown = Set(rows).union(shownElsewhere.keys).subtracting([0])
        #expect(shown == Set(mustHandle.keys))
        #expect(mustHandle.count == 55)
    }

    @Test("messages get their answers, refusals close", arguments: sizes)
    func answersRows(size: Int) throws {
        // The limit that the rows were written for.
        var limits = Limits()
        limits.body = 1 << 20
        try withServer(limits: limits) { server, _ in
            for row in acceptedCases + refusedCases where !row.expected.isEmpty {
                let client = try Client(port: server.port)
                send(row.bytes, over: client, size: size)
                let answers = answers(client, row.expected.count)
                #expect(answers.map(\.status) == row.expected.map(Self.status), "\(row)")
                #expect(answers.allSatisfy { $0.fields["date"]?.hasSuffix(" GMT") == true })
                if case .refused = row.expected.last {
                    #expect(answers.last?.fields["connection"] == "close", "\(row)")
                    #expect(client.isClosed(), "\(row)")
                }
            }
        }
    }

    @Test("answers are as the table says, connections kept or closed", arguments: sizes)
    func keepsConnections(size: Int) throws {
        try withServer { server, _ in
            for row in connectionCases {
                let client = try Client(port: server.port)
                send(row.bytes, over: client, size: size)
                if row.endsSending { client.endSending() }
                let answers = answers(client, row.statuses.count, toHead: row.isHead)
                #expect(answers.map(\.status) == row.statuses, "\(row)")
                #expect(answers.allSatisfy { $0.fields["date"]?.hasSuffix(" GMT") == true })
                for (name, value) in row.fields {
                    #expect(answers.last?.fields[name] == value, "\(row) \(name)")
                }
                if !row.bodies.isEmpty { #expect(answers.map(\.text) == row.bodies, "\(row)") }
                if row.isKept {
                    client.send(Self.get)
                    #expect(client.answer()?.text == "ok", "\(row)")
                } else {
                    #expect(client.isClosed(), "\(row)")
                }
            }
        }
    }

    @Test func `an accepted row leaves the connection open for the next`() throws {
        try withServer { server, _ in
            for row in acceptedCases where !row.expected.isEmpty && row.rule != 4 {
                let client = try Client(port: server.port)
                client.send(row.bytes + Self.get)
                let isLast = row.bytes.starts(with: Array("GET http://a:1/ HTTP/1.0".utf8))
                let answers = answers(client, row.expected.count + (isLast ? 0 : 1))
                #expect(answers.last?.status == 200, "\(row)")
            }
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
                #expect(client.isClosed(), "\(bytes)")
            }
            #expect(eventually { server.statistics.openConnections == 0 })
        }
    }
}
