import TestSupport
import Testing

@testable import HTTP

@Suite struct RequestParserTests {
    @Test("makes of a message what it should", arguments: acceptedCases + refusedCases)
    func parses(_ row: ParserCase) {
        #expect(outcomes(of: [row.bytes[...]]) == row.expected)
    }

    @Test("does so wherever the message is cut in two", arguments: acceptedCases + refusedCases)
    func parsesHalves(_ row: ParserCase) {
        // Long rows are about limits; a sample of their cuts is enough.
        let step = max(1, row.bytes.count / 512)
        for cut in stride(from: 1, to: row.bytes.count, by: step) {
            let halves = [row.bytes[..<cut], row.bytes[cut...]]
            #expect(outcomes(of: halves) == row.expected, "cut at \(cut)")
        }
    }

    @Test("does so in small pieces", arguments: acceptedCases + refusedCases, [1, 2, 3, 7])
    func parsesPieces(_ row: ParserCase, size: Int) {
        #expect(outcomes(of: pieces(of: row.bytes, size: size)) == row.expected)
    }

    static let longCases: [(String, HTTPError)] = [
        (
            "GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
            .targetTooLong(limit: 8192)
        ),
        (
            "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 20_000) + "\r\n\r\n",
            .headTooLarge(limit: 16384)
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 101) + "\r\n",
            .tooManyFields(limit: 100)
        ),
    ]

    @Test("refuses heads above the limits", arguments: longCases, [1, 1000, 100_000])
    func refusesLongHeads(_ row: (String, HTTPError), size: Int) {
        #expect(outcomes(of: pieces(of: Array(row.0.utf8), size: size)) == [.refused(row.1)])
    }

    @Test func `a head of exactly 100 fields is accepted`() {
        let text =
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 99) + "\r\n"
        #expect(outcomes(of: [Array(text.utf8)[...]]) == [.request("GET /", body: "")])
    }

    @Test("bodies of every size arrive whole", arguments: [1, 63, 4096, 262_144, 262_145, 900_001])
    func readsLargeBodies(count: Int) {
        let body = (0..<count).map { UInt8(truncatingIfNeeded: 97 + $0 % 26) }
        let text = Array("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n".utf8)
        let expected = [Outcome.request("POST /p", body: String(decoding: body, as: UTF8.self))]
        for size in [1000, 65_536, 10_000_000] {
            #expect(outcomes(of: pieces(of: text + body, size: size)) == expected)
        }
    }

    @Test func `a declared length reserves little`() throws {
        var parser = RequestParser(limits: Limits())
        var input = ByteBuffer()
        var identifiers = RequestIdentifiers()
        let text = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n"
        input.append(text.utf8.span)
        guard case .head = try parser.next(from: &input, identifiers: &identifiers) else {
            Issue.record("no head")
            return
        }
        try parser.acceptBody(limit: 16 << 20)
        var room = 0
        _ = try unsafe parser.receiveBody { buffer in
            room = buffer.count
            return 0
        }
        #expect(room == 256 << 10)
    }

    @Test(arguments: [1000, 65_536, 10_000_000])
    func `bodies beyond the budget of all connections are refused, and give back what they took`(
        size: Int
    ) {
        let budget = BodyBudget(limit: 300_000)
        func post(_ count: Int, chunked: Bool) -> [UInt8] {
            let head = "POST /p HTTP/1.1\r\nHost: a\r\n"
            let body = [UInt8](repeating: 120, count: count)
            let framing = "Content-Length: \(count)\r\n\r\n"
            guard chunked else { return Array((head + framing).utf8) + body }
            let start = "Transfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n"
            return Array((head + start).utf8) + body + Array("\r\n0\r\n\r\n".utf8)
        }
        for chunked in [false, true] {
            for (count, isServed) in [(50_000, true), (400_000, false), (50_000, true)] {
                let result = outcomes(
                    of: pieces(of: post(count, chunked: chunked), size: size),
                    budget: budget
                )
                let isRefused = result.last == .refused(.tooManyBodies(limit: 300_000))
                #expect(isRefused == !isServed)
                #expect(budget.isUnused)
            }
        }
    }

    @Test func `a body above the handler's limit is refused by its length alone`() {
        let text = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"
        let refused = outcomes(of: [Array(text.utf8)[...]], bodyLimit: 10)
        #expect(refused == [.refused(.bodyTooLarge(limit: 10))])
    }

    @Test func `two thousand mutated messages never trap`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let seeds = (acceptedCases + refusedCases).filter { $0.bytes.count < 2000 }
        for _ in 0..<2000 {
            guard let row = seeds.randomElement(using: &random) else { return }
            let bytes = mutate(row.bytes, using: &random)
            let whole = outcomes(of: [bytes[...]])
            let size = Int.random(in: 1...9, using: &random)
            #expect(outcomes(of: pieces(of: bytes, size: size)) == whole, "\(bytes)")
        }
    }
}
