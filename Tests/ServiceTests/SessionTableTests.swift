import Foundation
import TestSupport
import Testing

@testable import Graph
@testable import Models
@testable import Service

/// Who has which session and when they end, decided by a clock of the test's.
@Suite struct `The table of sessions` {
    private let model = Fixture.model("scripture")

    private func name(_ id: Int) -> SessionName { SessionName("s\(id)", of: nil) }
    private func client(_ name: String) -> ClientIdentity {
        ClientIdentity(keyName: name, peer: nil)
    }

    private func session(_ floats: Int = 16) -> HeldSession {
        let state = SequenceState(tensors: [
            Tensor(shape: [floats], floats: [Float](repeating: 0, count: floats))
        ])
        return HeldSession(model: model, carried: CarriedState(state: state))
    }

    /// As after a restart, or when a store is asked: its client's share was looked at when it began.
    @Test func `what was held once is taken again, though its client could not begin it now`()
        throws
    {
        var table = SessionTable(.init(bytes: 100_000))
        let large = session(17_000)
        try table.begin(name(1), session(4_000), ttl: 60, of: client("b"), at: 0)
        #expect(throws: SessionFault.self) {
            try table.begin(name(2), large, ttl: 60, of: client("a"), at: 0)
        }
        try table.install(name(2), large, ttl: 60, rest: 9, of: client("a"), at: 0)
        #expect(try table.session(name(2), at: 1).rest == 8)
        // All together they are bounded still.
        #expect(throws: SessionFault.self) {
            try table.install(name(3), large, ttl: 60, rest: 9, of: client("c"), at: 1)
        }
        #expect(table.count == 2)
    }

    @Test func `agrees with a list that is looked through, whatever is done`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var table = SessionTable(.init(bytes: 1 << 30))
        struct Plain {
            var end: Double
            let ttl: Double
            var isEnded = false
        }
        var plain: [Int: Plain] = [:]
        var now = 0.0
        for round in 0..<20_000 {
            now += Double(random.int(0...40)) / 100
            // What expired is remembered for as long again.
            for (id, one) in plain where one.end <= now.rounded(.down) {
                if one.isEnded {
                    plain[id] = nil
                } else {
                    let next = Plain(end: one.end + one.ttl, ttl: one.ttl, isEnded: true)
                    plain[id] = next.end.rounded(.down) < now.rounded(.down) ? nil : next
                }
            }
            let id = random.int(0...40)
            let comment = "seed \(seed), round \(round), \(id)"
            // Within a second around its end either is right.
            if let one = plain[id], abs(one.end - now) <= 2 { continue }
            switch random.int(0...3) {
            case 0:
                let ttl = Double(random.int(1...30))
                do throws(SessionFault) {
                    try table.begin(name(id), session(), ttl: ttl, of: client("a"), at: now)
                    #expect(plain[id] == nil || plain[id]?.isEnded == true, "\(comment)")
                    plain[id] = Plain(end: now + ttl, ttl: ttl)
                } catch {
                    #expect(error == .taken && plain[id]?.isEnded == false, "\(comment): \(error)")
                }
            case 1:
                let wasHeld = table.end(name(id), at: now)
                #expect(wasHeld == (plain[id]?.isEnded == false), "\(comment)")
                plain[id] = nil
            case 2:
                do throws(SessionFault) {
                    try table.change(name(id), isUse: true, at: now) { _ in }
                    #expect(plain[id]?.isEnded == false, "\(comment)")
                    let ttl = plain[id]?.ttl ?? 0
                    plain[id]?.end = now + ttl
                } catch .unknown {
                    #expect(plain[id] == nil, "\(comment)")
                } catch {
                    #expect(plain[id]?.isEnded == true, "\(comment)")
                }
            default:
                let found = (try? table.session(name(id), at: now)) != nil
                #expect(found == (plain[id]?.isEnded == false), "\(comment)")
            }
        }
        for id in 0...40 { _ = table.end(name(id), at: now) }
        #expect(table.bytes == 0)
        #expect(table.count == 0)
    }

    @Test func `who has much leaves room for others, and loses nothing to them`() throws {
        var table = SessionTable(.init(bytes: 1_000_000))
        func fill(_ who: String, from first: Int) -> Int {
            var id = first
            while (try? table.begin(name(id), session(), ttl: 60, of: client(who), at: 0)) != nil {
                id += 1
            }
            return id - first
        }
        let greedy = fill("greedy", from: 0)
        let each = SessionTable.overhead + 64
        #expect(abs(greedy - 750_000 / each) <= 2)
        let second = fill("second", from: 10_000)
        let third = fill("third", from: 20_000)
        #expect(second > greedy / 6 && third > greedy / 40, "\(greedy), \(second), \(third)")
        for id in 0..<greedy { #expect((try? table.session(name(id), at: 0)) != nil) }
        // What expires makes room.
        #expect(fill("greedy", from: 30_000) == 0)
        // Some at a time.
        let isDone = table.sweep(to: 62)
        #expect(!isDone)
        while !table.sweep(to: 62) {}
        #expect(table.bytes == 0)
        #expect(fill("greedy", from: 40_000) == greedy)
    }

    @Test func `sessions of a replaced model go on for a while`() throws {
        var table = SessionTable(.init(drainSeconds: 100))
        try table.begin(name(1), session(), ttl: 1000, of: client("a"), at: 0)
        table.drain(at: 10) { _ in false }
        table.drain(at: 105) { _ in false }
        #expect((try? table.session(name(1), at: 105)) != nil)
        table.drain(at: 111) { _ in false }
        #expect(throws: SessionFault.expired(isModelGone: true, ttl: 1000, ago: 112)) {
            try table.session(name(1), at: 112)
        }
        #expect(table.bytes == 0)
        // One that is served again starts anew.
        try table.begin(name(2), session(), ttl: 1000, of: client("a"), at: 200)
        table.drain(at: 200) { _ in false }
        table.drain(at: 250) { _ in true }
        table.drain(at: 320) { _ in false }
        #expect((try? table.session(name(2), at: 320)) != nil)
    }
}
