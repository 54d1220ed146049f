import Compute
import Testing

/// Memory that passes of all plans borrow.
@Suite struct ArenaPoolTests {
    @Test func `an arena that was given back serves the next pass that fits`() throws {
        let arenas = Workers(count: 2).arenas
        let first = try #require(arenas.borrow(count: 100_000))
        arenas.giveBack(first)
        let smaller = try #require(arenas.borrow(count: 50_000))
        #expect(smaller === first)
        let other = try #require(arenas.borrow(count: 50_000))
        #expect(other !== first)
        arenas.giveBack(smaller)
        arenas.giveBack(other)
        // The smallest that is large enough.
        #expect(arenas.borrow(count: 40_000) === other)
        let larger = try #require(arenas.borrow(count: 100_001))
        #expect(larger.storage.count > 100_000)
    }

    @Test func `as many are kept as cores could use, and none that is large`() throws {
        let ledger = MemoryLedger(limit: 1 << 30)
        let arenas = Workers(count: 2, memory: ledger).arenas
        let lent = try (0..<6).map { index in
            try #require(arenas.borrow(count: 10_000 * (index + 1)))
        }
        let taken = ledger.reservedBytes
        lent.forEach(arenas.giveBack)
        #expect(taken >= 8 * 100_000)
        let large = try #require(arenas.borrow(count: 20 << 20))
        arenas.giveBack(large)
        let kept = withExtendedLifetime((lent, large)) { ledger.reservedBytes }
        #expect(kept >= taken)
        let again = try #require(arenas.borrow(count: 30_000))
        #expect(again === lent[2])
        #expect(arenas.borrow(count: 10_000) === lent[3])
    }

    @Test func `memory that only waits is given up before a pass is refused`() throws {
        let ledger = MemoryLedger(limit: 1 << 20)
        let arenas = Workers(count: 2, memory: ledger).arenas
        arenas.giveBack(try #require(arenas.borrow(count: 150_000)))
        #expect(ledger.reservedBytes > 1 << 19)
        #expect(arenas.borrow(count: 200_000) != nil)
        #expect(arenas.borrow(count: 1 << 20) == nil)
    }
}
