import Testing

@testable import Service
@testable import Telemetry

@Suite struct `Fair queues` {
    private func taken(_ queue: inout FairQueue<String, Int>) -> [String] {
        var order: [String] = []
        while let entry = queue.takeFirst() { order.append("\(entry.client)\(entry.element)") }
        return order
    }

    @Test func `one client is served in its order`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<300 { queue.append(index, client: "a", seconds: 1) }
        #expect(taken(&queue) == (0..<300).map { "a\($0)" })
        #expect(queue.count == 0)
        #expect(queue.clientCount == 0)
        #expect(queue.seconds(of: "a") == 0)
    }

    @Test func `one request does not wait behind all of another client's`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<5 { queue.append(index, client: "a", seconds: 1) }
        queue.append(0, client: "b", seconds: 1)
        #expect(taken(&queue) == ["a0", "b0", "a1", "a2", "a3", "a4"])
    }

    @Test func `shares are of time, not of requests`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<3 { queue.append(index, client: "a", seconds: 3) }
        for index in 0..<9 { queue.append(index, client: "b", seconds: 1) }
        let order = taken(&queue)
        for length in 1...order.count {
            let seconds = order.prefix(length).reduce(0) { $0 + ($1.hasPrefix("a") ? 3 : -1) }
            #expect((-3...3).contains(seconds), "\(order.prefix(length))")
        }
    }

    @Test func `a client that comes late owes nothing and is owed nothing`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<10 { queue.append(index, client: "a", seconds: 1) }
        for _ in 0..<5 { _ = queue.takeFirst() }
        for index in 0..<3 { queue.append(index, client: "b", seconds: 1) }
        #expect(taken(&queue) == ["b0", "a5", "b1", "a6", "b2", "a7", "a8", "a9"])
    }

    @Test func `the newest of the heaviest gives way`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<3 { queue.append(index, client: "a", seconds: 1) }
        queue.append(0, client: "b", seconds: 2)
        #expect(queue.takeLast(ofMoreThan: 3) == nil)
        let entry = queue.takeLast(ofMoreThan: 2)
        #expect(entry?.client == "a")
        #expect(entry?.element == 2)
        #expect(queue.seconds(of: "a") == 2)
        queue.append(3, client: "a", seconds: 1)
        #expect(taken(&queue) == ["a0", "b0", "a1", "a3"])
    }

    @Test func `a client whose every request gave way comes back`() {
        var queue = FairQueue<String, Int>()
        queue.append(0, client: "a", seconds: 1)
        queue.append(0, client: "b", seconds: 5)
        #expect(queue.takeLast(ofMoreThan: 1)?.client == "b")
        queue.append(1, client: "b", seconds: 1)
        #expect(taken(&queue) == ["a0", "b1"])
    }

    @Test
    func
        `a lower level goes first among its client's elements, and levels take nothing from others`()
    {
        var queue = FairQueue<String, Int>()
        for index in 0..<6 {
            queue.append(index, client: "a", seconds: 1, level: [0, 3, -1, 0, 3, -1][index])
            queue.append(index, client: "b", seconds: 1)
        }
        #expect(queue.seconds(of: "a", upTo: -1) == 2)
        #expect(queue.seconds(of: "a", upTo: 0) == 4)
        #expect(queue.seconds(of: "a", upTo: 3) == 6)
        #expect(queue.takeLast(of: "a", behind: 3) == nil)
        let order = taken(&queue)
        #expect(order.filter { $0.hasPrefix("a") } == ["a2", "a5", "a0", "a3", "a1", "a4"])
        #expect(order.filter { $0.hasPrefix("b") } == (0..<6).map { "b\($0)" })
        // As without levels, the two take turns.
        #expect(
            stride(from: 0, to: 12, by: 2).allSatisfy { order[$0].first != order[$0 + 1].first }
        )
    }

    @Test func `one that comes before its client's others may take the place of the last`() {
        var queue = FairQueue<String, Int>()
        queue.append(0, client: "a", seconds: 1)
        queue.append(1, client: "a", seconds: 1, level: 2)
        queue.append(2, client: "b", seconds: 1, level: 5)
        let entry = queue.takeLast(of: "a", behind: 0)
        #expect(entry?.element == 1)
        queue.append(3, client: "a", seconds: 1, level: -1)
        #expect(taken(&queue) == ["a3", "b2", "a0"])
    }

    @Test func `who asks for little goes before those who ask for much, whenever it comes`() {
        var queue = FairQueue<String, Int>(credit: 10)
        for index in 0..<3 {
            queue.append(index, client: "a", seconds: 10)
            queue.append(index, client: "b", seconds: 10)
        }
        for _ in 0..<2 { _ = queue.takeFirst() }
        queue.append(0, client: "c", seconds: 0.1)
        #expect(queue.takeFirst()?.client == "c")
        queue.append(1, client: "c", seconds: 0.1)
        #expect(queue.takeFirst()?.client == "c")
    }

    @Test func `what was predicted wrongly is settled afterwards`() {
        var queue = FairQueue<String, Int>()
        for index in 0..<6 {
            queue.append(index, client: "a", seconds: 1)
            queue.append(index, client: "b", seconds: 1)
        }
        var seconds = ["a": 0.0, "b": 0.0]
        for _ in 0..<8 {
            guard let entry = queue.takeFirst() else { break }
            // Each of a's takes four times what was predicted.
            let used = entry.client == "a" ? 4.0 : 1.0
            seconds[entry.client, default: 0] += used
            queue.settle(entry.client, took: used, given: entry.seconds, among: 2)
        }
        #expect(seconds == ["a": 8, "b": 6])
    }

    @Test func `a client whose entries may not be taken holds up nobody, and is looked at again`() {
        var queue = FairQueue<String, Int>()
        queue.append(0, client: "a", seconds: 1, kind: .long)
        queue.append(1, client: "a", seconds: 1, kind: .long)
        queue.append(0, client: "b", seconds: 3)
        #expect(queue.takeFirst { client, kind in kind != .long }?.client == "b")
        #expect(queue.takeFirst { client, kind in kind != .long } == nil)
        // What may be taken does not wait for what may not.
        queue.append(2, client: "a", seconds: 1, kind: .begun)
        #expect(queue.takeFirst { client, kind in kind != .long }?.element == 2)
        #expect(queue.takeFirst { client, kind in kind != .long } == nil)
        #expect(queue.takeFirst() == nil)
        queue.release()
        #expect(queue.takeFirst()?.element == 0)
    }

    @Test func `what has begun is never given up`() {
        var queue = FairQueue<String, Int>()
        queue.append(0, client: "a", seconds: 9, kind: .begun)
        #expect(queue.takeLast(ofMoreThan: 0) == nil)
        queue.append(1, client: "a", seconds: 1)
        #expect(queue.takeLast(ofMoreThan: 0)?.element == 1)
        #expect(queue.count == 1)
        #expect(queue.takeFirst()?.element == 0)
    }
}
