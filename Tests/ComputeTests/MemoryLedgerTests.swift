import Compute
import Testing

@Suite struct MemoryLedgerTests {
    @Test func `what is promised counts until it is given back`() {
        let ledger = MemoryLedger(limit: 100)
        #expect(ledger.reserve(60))
        #expect(!ledger.reserve(41))
        #expect(ledger.reserve(40))
        ledger.release(60)
        #expect(ledger.reservedBytes == 40)
        #expect(ledger.reserve(60))
    }

    @Test(arguments: [-1, 101, Int.max, Int.min])
    func `no size overflows it`(bytes: Int) {
        let ledger = MemoryLedger(limit: 100)
        #expect(!ledger.reserve(bytes))
        #expect(ledger.reservedBytes == 0)
    }

    @Test func `a process has memory, and no more than the machine`() {
        #expect(AvailableMemory.bytes() > 1 << 20)
        #expect(AvailableMemory.bytes() < 1 << 50)
    }
}
