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

    /// How a pass was run.
    enum Way {
        case alone
        /// With helpers that had to be woken.
        case waking
        /// With helpers that were awake.
        case helped
    }

    /// So many times what a pass needs for a helper to be woken, it is surely worth it.
    private static let surely = 16

    /// Runs after which the other way is measured again.
    private static let measuredAgain = 64

    private let lastEnd = Atomic<UInt64>(0)
    private let lastStart = Atomic<UInt64>(0)
    private let aloneTime = Atomic<UInt64>(0)
    private let wakingTime = Atomic<UInt64>(0)
    private let runs = Atomic<Int>(0)
    private let succession = Atomic<Int>(0)
    private let aloneUntil = Atomic<UInt64>(0)

    /// Whether waking helpers pays: the pass is long, or passes follow each other so closely that a helper stays awake.
    ///
    /// Of passes that are about as long as the waking, both ways are measured.
    func isWorthWaking(_ work: Int, least: Int) -> Bool {
        let now = monotonicNanoseconds()
        lastStart.store(now, ordering: .relaxed)
        guard now >= aloneUntil.load(ordering: .relaxed) else { return false }
        if work / Self.surely >= least { return true }
        let isClose = now < lastEnd.load(ordering: .relaxed) + Self.patience
        let runs = isClose ? succession.load(ordering: .relaxed) + 1 : 0
        succession.store(runs, ordering: .relaxed)
        return runs >= Self.closeRuns || work >= least && isFasterWaking
    }

    private var isFasterWaking: Bool {
        let (alone, waking) = (
            aloneTime.load(ordering: .relaxed), wakingTime.load(ordering: .relaxed)
        )
        if alone == 0 { return false }
        if waking == 0 { return true }
        let isAgain = runs.add(1, ordering: .relaxed).newValue % Self.measuredAgain == 0
        return (waking < alone) != isAgain
    }

    func noteEnd(_ way: Way) {
        let now = monotonicNanoseconds()
        lastEnd.store(now, ordering: .relaxed)
        let start = lastStart.exchange(0, ordering: .relaxed)
        guard start != 0 else { return }
        switch way {
        case .alone: Self.note(now - start, in: aloneTime)
        case .waking: Self.note(now - start, in: wakingTime)
        case .helped: break
        }
    }

    /// The run that is going on takes longer than it computes.
    func notePause() { lastStart.store(0, ordering: .relaxed) }

    /// A mean of the last eight or so, in which one that was interrupted counts little.
    private static func note(_ time: UInt64, in mean: borrowing Atomic<UInt64>) {
        let old = mean.load(ordering: .relaxed)
        let new = old == 0 ? time : (7 * old + min(time, 2 * old)) / 8
        mean.store(max(1, new), ordering: .relaxed)
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
