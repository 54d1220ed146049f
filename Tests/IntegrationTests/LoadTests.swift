import Foundation
import Testing

/// `striate load` against the built server.
@Suite struct `Load generator` {
    private func load(_ arguments: [String]) throws -> (output: Data, messages: String) {
        try LiveServer.run(LiveServer.program().path, ["load"] + arguments)
    }

    private func report(_ arguments: [String]) throws -> [String: Any] {
        let server = try LiveServer.shared.get()
        let (output, messages) = try load(
            ["http://127.0.0.1:\(server.port)", "--json", "--seconds", "1"] + arguments
        )
        let value = try JSONSerialization.jsonObject(with: output)
        return try #require(value as? [String: Any], "\(messages)")
    }

    @Test(
        arguments: [
            ["--model", "fashion"], ["--model", "scripture"], ["--model", "series"],
            ["--model", "scripture-gru", "--as", "session"], ["--model", "voice", "--as", "infer"],
            ["--model", "fashion", "--arrivals", "poisson", "--seed", "7"],
        ]
    )
    func `every request that was due is sent and answered`(_ arguments: [String]) throws {
        let report = try report(arguments + ["--rate", "40", "--connections", "8"])
        let sent = try #require(report["sent"] as? Int)
        #expect(arguments.contains("poisson") ? (10...90).contains(sent) : sent == 40)
        #expect(report["unanswered"] as? Int == 0)
        #expect(report["statuses"] as? [String: Int] == ["200": sent])
        let due = try #require(report["milliseconds_from_due"] as? [String: Any])
        let classes = try #require(due["classes"] as? [[Double]])
        #expect(classes.reduce(0) { $0 + $1[1] } == Double(sent))
        let shares = ["p50", "p90", "p99", "p100"].compactMap { due[$0] as? Double }
        #expect(shares.count == 4 && shares == shares.sorted() && shares[0] > 0)
    }

    /// One connection, and requests that take longer than the time between them: those that wait count as waiting.
    @Test func `waiting for a connection counts from when a request was due`() throws {
        let report = try report(
            ["--model", "scripture", "--rate", "400", "--connections", "1"]
                + ["--text", String(repeating: "In the beginning ", count: 60)]
        )
        let due = try #require(report["milliseconds_from_due"] as? [String: Any])
        let sent = try #require(report["milliseconds_from_sent"] as? [String: Any])
        let (longest, alone) = (due["p100"] as? Double ?? 0, sent["p50"] as? Double ?? 0)
        #expect(longest > 10 * alone, "\(longest) and \(alone)")
        let all = [report["sent"], report["never_sent"]].compactMap { $0 as? Int }
        #expect(all.reduce(0, +) == 400)
        #expect(report["late"] as? Int ?? 0 > 0)
    }

    @Test func `mistakes are told`() throws {
        let server = try LiveServer.shared.get()
        let place = "http://127.0.0.1:\(server.port)"
        let cases: [([String], String)] = [
            ([place], "--model"), ([place, "--model", "nix"], "nix"),
            ([place, "--model", "voice"], "--as infer"), (["https://localhost"], "plain port"),
            (["http://127.0.0.1:1", "--model", "fashion"], "no server answers"),
            ([place, "--model", "fashion", "--rate", "0"], "rate"),
            ([place, "--model", "fashion", "--connections", "0"], "connections"),
        ]
        for (arguments, words) in cases {
            let (_, messages) = try load(arguments)
            #expect(messages.contains(words), "\(arguments): \(messages)")
        }
    }
}
