import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// When one plan's passes ran, and so whether a helper would be of use to the next.
final class Rhythm: Sendable {
    /// Nanoseconds that a helper waits for another run.
    static let patience: UInt64 = 60_000

    /// Runs in close succession after which a helper is woken for passes that are shorter than the waking.
    private static let closeRuns = 6

    /// Nanoseconds without helpers after one was held up by another program on its core.
    private static let truce: UInt64 = 20_000_000

    /// Spins (a few nanoseconds each) after which the caller has waited for a helper too long.
    private static let heldUp = 20_000

    private let lastEnd = Atomic<UInt64>(0)
    private let succession = Atomic<Int>(0)
    private let aloneUntil = Atomic<UInt64>(0)

    /// Whether waking helpers pays: the pass is long, or passes follow each other so closely that a helper stays awake.
    func isWorthWaking(_ work: Int, least: Int) -> Bool {
        let now = monotonicNanoseconds()
        guard now >= aloneUntil.load(ordering: .relaxed) else { return false }
        if work >= least { return true }
        let isClose = now < lastEnd.load(ordering: .relaxed) + Self.patience
        let runs = isClose ? succession.load(ordering: .relaxed) + 1 : 0
        succession.store(runs, ordering: .relaxed)
        return runs >= Self.closeRuns
    }

    func noteEnd() {
        lastEnd.store(monotonicNanoseconds(), ordering: .relaxed)
    }

    /// A long wait at the end of a step means that a helper lost its core in the middle of a chunk.
    func noteWait(_ spins: Int) {
        guard spins > Self.heldUp else { return }
        aloneUntil.store(monotonicNanoseconds() + Self.truce, ordering: .relaxed)
    }
}

/// Nanoseconds of a clock that never goes back.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
