import Dispatch
import Synchronization
import Testing

@testable import Compute

@Suite struct `Turns of threads` {
    @Test func `a thread without a turn goes on`() {
        giveWay()
        #expect(!Turn.isSpent)
        #expect(Turn.pausedNanoseconds == 0)
    }

    @Test func `its owner is asked while others wait, and else now and then`() {
        let waiters = Waiters()
        var asked = 0
        let turn = Turn(waiters) { _ in asked += 1 }
        turn.run { for _ in 0..<160 { giveWay() } }
        #expect(asked == 10)
        waiters.count = 1
        turn.run { for _ in 0..<160 { giveWay() } }
        #expect(asked == 170)
        giveWay()
        #expect(asked == 170)
    }

    @Test func `time that others had does not count`() {
        let waiters = Waiters()
        waiters.count = 1
        let turn = Turn(waiters) { turn in
            turn.pause { while turn.computedSeconds < 0.02 {} }
            turn.isSpent = true
        }
        turn.run {
            giveWay()
            #expect(Turn.isSpent)
            #expect(Turn.pausedNanoseconds >= 15_000_000)
            #expect(Turn.computedSeconds < 0.02)
        }
        #expect(turn.run { Turn.pausedNanoseconds } == 0)
    }

    /// A pass of steps that all helpers share, which says how often each chunk was computed.
    @Test func `a pass that pauses keeps no helper, and computes every chunk once`() {
        let workers = Workers(count: 4)
        let counts = (0..<40 * 64).map { _ in CountOfChunk() }
        let steps = (0..<40).map { step in
            Step(name: "", chunks: 64) { _, chunk in
                counts[step * 64 + chunk].value.add(1, ordering: .relaxed)
                for _ in 0..<1000 { _ = monotonicNanoseconds() }
            }
        }
        let arena = FloatStorage(count: 16)
        let pass = Pass(steps: steps, work: 1_000_000_000, on: workers)
        let waiters = Waiters()
        waiters.count = 1
        var pauses = 0
        let turn = Turn(waiters) { turn in
            pauses += 1
            turn.pause {
                // Others may have all helpers.
                #expect(workers.enter(work: 1_000_000_000, steps: 1) == 3)
                workers.leave()
            }
        }
        #expect(turn.run { pass.run(in: arena) })
        #expect(pauses == 40)
        #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
        #expect(workers.enter(work: 1_000_000_000, steps: 1) == 3)
        workers.leave()
    }
}

private final class CountOfChunk: Sendable {
    let value = Atomic(0)
}
