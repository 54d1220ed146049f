import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Compute

/// Many threads on one set of steps: run under the thread sanitizer too.
@Suite struct PassTests {
    /// Each step adds to every float a number that depends on what the step before left.
    private static func steps(_ chunkCounts: [Int], width: Int) -> [Step] {
        chunkCounts.enumerated().map { index, chunks in
            Step(name: "\(index)", chunks: chunks) { arena, chunk in
                let from = width * chunk / chunks
                let to = width * (chunk + 1) / chunks
                for position in from..<to {
                    let previous = arena.start[(index % 2) * width + (position * 7 + 3) % width]
                    arena.start[((index + 1) % 2) * width + position] =
                        previous * 1.0001 + Float(index)
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 8])
    func `every chunk of every step runs once, in order, on any number of workers`(
        _ count: Int
    ) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let width = 512
        let chunkCounts = (0..<30).map { _ in Int.random(in: 1...9, using: &random) }
        let steps = Self.steps(chunkCounts, width: width)
        let initial = random.floats(2 * width)
        func result(_ workers: Workers, repeats: Int) -> [[Float]] {
            let arena = FloatStorage(count: 2 * width)
            let pass = Pass(steps: steps, work: 1, on: workers)
            return (0..<repeats).map { _ in
                for index in initial.indices { arena[index] = initial[index] }
                #expect(pass.run(in: arena))
                return (0..<2 * width).map { arena[$0] }
            }
        }
        let expected = result(Workers(count: 1), repeats: 1)[0]
        for values in result(Workers(count: count, minimumWork: 0), repeats: 100) {
            expectSameBits(values, expected, "\(count) workers, seed \(seed)")
        }
    }

    @Test func `helpers that were called early help, and leave when no pass comes`() {
        let width = 256
        let chunks = [4, 3, 8, 1, 5]
        let steps = Self.steps(chunks, width: width)
        func result(_ workers: Workers, expects: Bool) -> [Float] {
            let arena = FloatStorage(count: 2 * width)
            let pass = Pass(steps: steps, work: 100_000_000, on: workers)
            for index in 0..<2 * width { arena[index] = Float(index) }
            if expects { workers.expectPass() }
            #expect(pass.run(in: arena))
            return (0..<2 * width).map { arena[$0] }
        }
        let expected = result(Workers(count: 1), expects: false)
        let workers = Workers(count: 3, minimumWork: .max)
        let turn = Turn(Waiters()) { _ in }
        for _ in 0..<300 {
            expectSameBits(turn.run { result(workers, expects: true) }, expected, "in a turn")
        }
        turn.run {
            workers.expectPass()
            #expect(workers.lounge.count == 2)
        }
        // Without a turn nobody knows who else computes.
        workers.expectPass()
        let end = ContinuousClock.now + .seconds(30)
        while workers.lounge.count > 0, ContinuousClock.now < end { usleep(1000) }
        #expect(workers.lounge.count == 0)
    }

    @Test func `passes run side by side without touching each other`() {
        let workers = Workers(count: 2, minimumWork: 0)
        let steps = Self.steps([4, 3, 8, 1, 5], width: 256)
        let wrong = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let arena = FloatStorage(count: 512)
            let pass = Pass(steps: steps, work: 1, on: workers)
            for _ in 0..<50 {
                for index in 0..<512 { arena[index] = Float(index) }
                _ = pass.run(in: arena)
                let first = arena[256]
                for index in 0..<512 { arena[index] = Float(index) }
                _ = pass.run(in: arena)
                if arena[256] != first { wrong.add(1, ordering: .relaxed) }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: [1, 2])
    func `a cancelled pass stops before its next step and can run again`(_ count: Int) {
        let ran = SharedCount()
        let steps = (0..<10).map { index in
            Step(name: "\(index)", chunks: 2) { _, _ in ran.add() }
        }
        let arena = FloatStorage(count: 16)
        let pass = Pass(
            steps: steps,
            work: 1,
            on: Workers(count: count, minimumWork: 0)
        )
        var polls = 0
        let finished = pass.run(in: arena) {
            polls += 1
            return polls > 3
        }
        #expect(!finished)
        #expect(ran.value == 6)
        #expect(pass.run(in: arena))
        #expect(ran.value == 26)
    }

    private final class SharedCount: Sendable {
        private let count = Atomic<Int>(0)

        var value: Int { count.load(ordering: .relaxed) }

        func add() { count.add(1, ordering: .relaxed) }
    }
}
