import Testing

@testable import HTTP

/// The tables named after suites from outside, sent to a running server whole and in pieces.
@Suite struct NamedCaseTests {
    private static let suites = ["Http11Probe": probeCases, "llhttp": llhttpCases]

    @Test(arguments: suites.keys.sorted(), [3, Int.max])
    func `cases of others get the answers that this server means to give`(
        suite: String,
        size: Int
    ) throws {
        try withServer { server, _ in
            for row in try #require(Self.suites[suite]) {
                let client = try Client(port: server.port)
                let size = row.bytes.count > 2000 ? row.bytes.count : min(size, row.bytes.count)
                for piece in pieces(of: row.bytes, size: size) { client.send(Array(piece)) }
                if row.endsSending { client.endSending() }
                #expect(answers(client, to: row).map(\.status) == row.statuses, "\(row)")
                if row.isKept {
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(client.answer()?.text == "ok", "\(row)")
                } else {
                    #expect(client.isClosed(), "\(row)")
                }
            }
        }
    }

    private func answers(_ client: Client, to row: NamedCase) -> [Answer] {
        var answers: [Answer] = []
        while answers.count < row.statuses.count, let answer = client.answer(toHead: row.isHead) {
            if answer.status != 100 { answers.append(answer) }
        }
        return answers
    }

    @Test func `names are used once`() {
        let left = (probeCasesLeftOut + llhttpCasesLeftOut).flatMap(\.names)
        let names = (probeCases + llhttpCases).map(\.name) + left
        #expect(Set(names).count == names.count)
    }
}
