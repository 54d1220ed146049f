import TestSupport
import Testing

@testable import Service

/// Tasks that go along in another one's turn, on a clock of the test's own.
@Suite struct `Turns of several` {
    private final class Kind {}

    private typealias Table = TurnTable<Int>

    @Test func `every task is computed once, beside its own kind and at its client's cost`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let kinds = (0..<3).map { _ in Kind() }
        for joinsOnly in [false, true] {
            var table = Table(cores: 2, slice: 0.01)
            var now = 0.0
            var nextID = 0
            var kindOf: [Int: Int] = [:]
            var computed: [Int: Int] = [:]
            var computing: [(task: Table.Task, along: [Table.Task])] = []
            var given: [String: Double] = [:]

            func start(_ tasks: [Table.Task]) {
                for task in tasks {
                    let along = table.takeAlong(with: task, most: random.int(0...7))
                    for other in along {
                        #expect(kindOf[other.id] == kindOf[task.id], "seed \(seed)")
                        #expect(kindOf[other.id] != nil, "seed \(seed)")
                        computed[other.id, default: 0] += 1
                    }
                    computed[task.id, default: 0] += 1
                    computing.append((task, along))
                }
                #expect(computing.count <= 2)
                // Of a kind that joins only, no two compute beside each other.
                if joinsOnly {
                    let running = computing.compactMap { kindOf[$0.task.id] }
                    #expect(Set(running).count == running.count, "seed \(seed)")
                }
            }

            for _ in 0..<30_000 {
                now += Double(random.int(0...3)) / 1000
                if random.int(0...1) == 0 {
                    nextID += 1
                    let kind = random.int(0...3)
                    kindOf[nextID] = kind < 3 ? kind : nil
                    let task = Table.Task(
                        id: nextID,
                        nextID,
                        client: .key("client\(random.int(0...5))"),
                        level: random.int(0...1),
                        predicted: 0.001,
                        company: kind < 3 ? ObjectIdentifier(kinds[kind]) : nil,
                        joinsOnly: joinsOnly
                    )
                    table.append(task, at: now)
                    start(table.begin(at: now))
                } else if !computing.isEmpty {
                    let index = random.int(0...computing.count - 1)
                    let (task, along) = computing.remove(at: index)
                    for other in along {
                        table.end(companion: other, took: 0.001, leader: task.id)
                        given["\(other.client)", default: 0] += 0.001
                    }
                    start(table.end(task.id, at: now).others)
                }
            }
            while !computing.isEmpty {
                let (task, along) = computing.removeFirst()
                for other in along { table.end(companion: other, took: 0, leader: task.id) }
                start(table.end(task.id, at: now).others)
            }
            #expect(table.waiting == 0, "seed \(seed)")
            #expect(computed.count == nextID, "seed \(seed)")
            #expect(computed.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }
}
