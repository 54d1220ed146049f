import CPUFeatures
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A run that others may help with.
protocol Helped: AnyObject, Sendable {
    /// Computes chunks of it until there are none.
    func help()
}

/// Runs a helper's work on another core than the caller's own, where Linux may have woken it: there it would wait for
/// the end of the caller's slice.
func away(from home: Int32, _ work: () -> Void) {
    let isAtHome = striate_current_cpu() == home
    if isAtHome { striate_leave_cpu(home) }
    defer { if isAtHome { striate_restore_cpus() } }
    work()
}

/// Helpers that were woken for a pass before it begins: to wake one takes longer than many passes.
final class Lounge: Sendable {
    /// Nanoseconds that a helper waits for a pass.
    private static let patience: UInt64 = 1_000_000

    private let called = Atomic<Int>(0)
    private let home = Atomic<Int32>(-1)
    private let offers = Atomic<Int>(0)
    private let passes = Mutex<[any Helped]>([])

    /// Helpers that wait here, or are on their way.
    var count: Int { called.load(ordering: .relaxed) }

    /// Wakes helpers until there are `most`; each leaves when a pass comes, or there are too many of them.
    func call(
        _ most: Int,
        on queue: DispatchQueue,
        isTooMany: @escaping @Sendable (_ helpers: Int) -> Bool
    ) {
        let missing = most - count
        guard missing > 0 else { return }
        home.store(striate_current_cpu(), ordering: .relaxed)
        called.add(missing, ordering: .relaxed)
        for _ in 0..<missing { queue.async { self.wait(isTooMany) } }
        // As where a pass wakes them: a helper that was queued behind us starts, and moves away.
        sched_yield()
    }

    /// Lets so many of those who wait help with a pass.
    func offer(_ pass: any Helped, to helpers: Int) {
        passes.withLock { passes in
            for _ in 0..<helpers { passes.append(pass) }
            offers.store(passes.count, ordering: .releasing)
        }
    }

    /// The pass is over, or needs nobody any more.
    func withdraw(_ pass: any Helped) {
        guard offers.load(ordering: .acquiring) > 0 else { return }
        passes.withLock { passes in
            passes.removeAll { $0 === pass }
            offers.store(passes.count, ordering: .releasing)
        }
    }

    private func take() -> (any Helped)? {
        passes.withLock { passes in
            defer { offers.store(passes.count, ordering: .releasing) }
            return passes.popLast()
        }
    }

    private func wait(_ isTooMany: (Int) -> Bool) {
        away(from: home.load(ordering: .relaxed)) {
            let pass = nextPass(isTooMany)
            called.subtract(1, ordering: .relaxed)
            pass?.help()
        }
    }

    private func nextPass(_ isTooMany: (Int) -> Bool) -> (any Helped)? {
        let end = monotonicNanoseconds() + Self.patience
        while true {
            for _ in 0..<32 {
                if offers.load(ordering: .acquiring) > 0, let pass = take() { return pass }
                striate_cpu_pause()
            }
            // Whoever else has use of this core goes first.
            sched_yield()
            if isTooMany(count) || monotonicNanoseconds() > end { return nil }
        }
    }
}
