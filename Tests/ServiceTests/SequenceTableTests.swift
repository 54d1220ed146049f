import Foundation
import Testing

@testable import Compute
@testable import Files
@testable import Graph
@testable import Models
@testable import Service

@Suite struct `Sequences of several clients` {
    private let model = Fixture.service.repository.models[0]

    private func key(_ client: String, _ id: Int) -> SequenceTable.Key {
        SequenceTable.Key(
            client: ClientIdentity(keyName: client, peer: nil),
            model: model.name,
            version: model.version,
            id: String(id)
        )
    }

    private func state(_ count: Int) -> [String: Tensor] {
        ["h": Tensor(shape: [count], elements: .floats([Float](repeating: 0, count: count)))]
    }

    /// Starts a sequence with a state of so many floats, and ends the step.
    private func start(
        _ table: inout SequenceTable,
        _ client: String,
        _ id: Int,
        floats: Int = 1
    ) throws(SequenceFault) {
        _ = try table.begin(key(client, id), model, starts: true)
        try table.keep(key(client, id), state(floats))
    }

    private func knows(_ table: SequenceTable, _ client: String, _ id: Int) -> Bool {
        var table = table
        return (try? table.begin(key(client, id), model, starts: false)) != nil
    }

    @Test func `a client has a share of the table, and others go on`() throws {
        var table = SequenceTable(.init(sequences: 8, ofClient: 4, bytes: 1 << 20))
        for id in 0..<4 { try start(&table, "greedy", id) }
        #expect(throws: SequenceFault.tooManyOfClient(limit: 4)) {
            try start(&table, "greedy", 4)
        }
        for id in 0..<4 { try start(&table, "other", id) }
        // The table is full: a newcomer takes the place of the oldest of who has most.
        try start(&table, "new", 0)
        #expect(knows(table, "new", 0))
        let left =
            (0..<4).filter { knows(table, "greedy", $0) }.count
            + (0..<4).filter { knows(table, "other", $0) }.count
        #expect(left == 7)
        for id in 1..<4 {
            #expect(knows(table, "greedy", id))
            #expect(knows(table, "other", id))
        }
        try start(&table, "new", 1)
        #expect(knows(table, "new", 0))
    }

    @Test func `where all have as many, who has some loses the oldest, and a newcomer waits`()
        throws
    {
        var table = SequenceTable(.init(sequences: 2, ofClient: 2, bytes: 1 << 20))
        try start(&table, "a", 0)
        try start(&table, "b", 0)
        #expect(throws: SequenceFault.tooMany(limit: 2)) { try start(&table, "c", 0) }
        try start(&table, "a", 1)
        #expect(!knows(table, "a", 0))
        #expect(knows(table, "a", 1))
        #expect(knows(table, "b", 0))
        // One that runs is never taken away.
        _ = try table.begin(key("a", 1), model, starts: false)
        #expect(throws: SequenceFault.tooMany(limit: 2)) { try start(&table, "a", 2) }
    }

    @Test func `a sequence has one owner, whoever knows its name`() throws {
        var table = SequenceTable(.init())
        try start(&table, "a", 7, floats: 3)
        #expect(throws: SequenceFault.unknown) {
            try table.begin(key("b", 7), model, starts: false)
        }
        try start(&table, "b", 7, floats: 5)
        table.remove(key("b", 7))
        #expect(try table.begin(key("a", 7), model, starts: false)["h"]?.count == 3)
        #expect(throws: SequenceFault.busy) { try table.begin(key("a", 7), model, starts: true) }
    }

    @Test func `states are bounded in bytes, for each client and together`() throws {
        // 100 floats for a client.
        var table = SequenceTable(.init(sequences: 100, ofClient: 100, bytes: 1600))
        #expect(throws: SequenceFault.tooLarge(limit: 400)) {
            try start(&table, "a", 0, floats: 101)
        }
        table.giveUp(key("a", 0), starts: true)
        for id in 0..<4 { try start(&table, "a", id, floats: 40) }
        #expect((0..<4).map { knows(table, "a", $0) } == [false, false, true, true])
        for client in ["b", "c", "d", "e", "f"] { try start(&table, client, 0, floats: 80) }
        #expect(knows(table, "f", 0))
        let clients = ["a", "b", "c", "d", "e", "f"]
        #expect(clients.filter { knows(table, $0, 0) || knows(table, $0, 3) }.count >= 4)
    }

    @Test func `what nothing came for is forgotten`() throws {
        var limits = SequenceTable.Limits(sequences: 1, ofClient: 1)
        limits.longestPause = .zero
        var table = SequenceTable(limits)
        try start(&table, "a", 0)
        #expect(throws: SequenceFault.unknown) {
            try table.begin(key("a", 0), model, starts: false)
        }
        try start(&table, "a", 0)
        try start(&table, "b", 0)
    }

    @Test func `another key neither sees, continues nor ends a sequence`() throws {
        let (alice, bob) = (AccessKey.generate(), AccessKey.generate())
        let service = Fixture.service(keys: [
            AccessKey(name: "alice", digest: KeyDigest(of: alice)),
            AccessKey(name: "bob", digest: KeyDigest(of: bob)),
        ]) { _ in }
        func step(_ key: String, _ token: Int, _ parameters: String) throws -> (Int, Any?) {
            let body = #"""
                {"inputs":[{"name":"tokens","shape":[1,1],"datatype":"INT64","data":[\#(token)]}],
                 "parameters":{"sequence_id":"s"\#(parameters)}}
                """#
            let reply = try Reply(
                "POST",
                "/v2/models/scripture-lstm/infer",
                [("X-API-Key", key)],
                body: [UInt8](body.utf8),
                from: service
            )
            let json = try reply.json()
            let output = (json["outputs"] as? [[String: Any]])?.first
            return (reply.status, output?["data"] as? [Double] ?? json["code"])
        }
        let start = #","sequence_start":true"#
        let end = #","sequence_end":true"#
        #expect(try step(alice, 5, start).0 == 200)
        for parameters in ["", end] {
            let (status, code) = try step(bob, 9, parameters)
            #expect(status == 400)
            #expect(code as? String == "unknown_sequence")
        }
        // Bob's of the same name is another.
        #expect(try step(bob, 7, start).0 == 200)
        let second = try #require(try step(alice, 9, end).1 as? [Double])
        #expect(try step(alice, 5, start).0 == 200)
        #expect(try step(alice, 9, end).1 as? [Double] == second)
        #expect(try step(bob, 9, end).1 as? [Double] != second)
    }
}
