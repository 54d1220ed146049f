import CPUFeatures
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Runs a plan's steps in order, cut into chunks over the workers' concurrent queue.
///
/// Helpers are borrowed once a pass, not once a step: waking a thread costs more than most layers. A helper
/// lingers for a moment after a pass, so that passes that follow each other closely find it awake.
/// Nobody ever waits for a helper that has not claimed a chunk, nor at a step that is a single chunk. A pass is run
/// by one caller at a time and may be run again: a helper that comes late simply helps the next run.
public final class Pass: Sendable {
    private let shared: SharedState
    private let workers: Workers
    // SAFETY: a work item is only ever handed to `async`, which is safe from any thread.
    private nonisolated(unsafe) let help: DispatchWorkItem
    private let work: Int

    /// A pass over `steps`, of about `work` multiply–adds.
    public init(steps: [Step], work: Int, on workers: Workers) {
        let shared = SharedState(steps: steps, workers: workers)
        self.shared = shared
        self.workers = workers
        self.work = work
        unsafe help = DispatchWorkItem { shared.help() }
    }

    /// Computes every step in `arena`; returns false if `isCancelled` said so between two steps.
    public func run(in arena: FloatStorage, isCancelled: () -> Bool = { false }) -> Bool {
        defer { withExtendedLifetime(arena) {} }
        shared.enter(arena.start)
        let helpers = workers.enter(work: work, steps: shared.dividedSteps)
        defer { workers.leave() }
        guard helpers > 0 else { return shared.runAlone(isCancelled) }
        let wanted = max(0, helpers - shared.presentHelpers)
        let awake = min(wanted, workers.lounge.count)
        let wakes = wanted > awake && shared.isWorthWaking(work, least: workers.minimumWork)
        guard wakes || awake > 0 || shared.presentHelpers > 0 else {
            defer { shared.noteEnd(.alone) }
            return shared.runAlone(isCancelled)
        }
        let isWaking = wakes && awake == 0 && shared.presentHelpers == 0
        shared.begin()
        if awake > 0 { workers.lounge.offer(shared, to: awake) }
        if wakes { wake(wanted - awake) }
        defer {
            if awake > 0 { workers.lounge.withdraw(shared) }
            shared.noteEnd(isWaking ? .waking : .helped)
        }
        return Turn.lending(self) { shared.runShared(isCancelled) }
    }

    /// Computes every step in `arena` alone; answers each one's nanoseconds.
    public func time(in arena: FloatStorage) -> [UInt64] {
        defer { withExtendedLifetime(arena) {} }
        shared.enter(arena.start)
        return shared.time()
    }

    private func wake(_ helpers: Int) {
        for _ in 0..<helpers { unsafe workers.queue.async(execute: help) }
        // Linux queues a woken helper behind us on this core: let it start, so that it moves away.
        sched_yield()
    }
}

/// A pass that has to wait for its turn between two steps keeps no helper meanwhile.
extension Pass: Borrowing {
    func giveBack() {
        shared.end()
        workers.leave()
    }

    func borrowAgain() {
        let helpers = workers.enter(work: work, steps: shared.dividedSteps)
        shared.begin()
        let wanted = helpers - shared.presentHelpers
        if wanted > 0, shared.isWorthWaking(work, least: workers.minimumWork) { wake(wanted) }
        shared.notePause()
    }
}

/// What the caller and its helpers share: the ticket says which chunk is next.
private final class SharedState: Helped {
    private let steps: [Step]
    private let workers: Workers

    // SAFETY: only the caller of a run writes it, before the ticket lets anyone claim a chunk; and it writes it again
    // only after all chunks that were claimed are done.
    private nonisolated(unsafe) var position: FloatPosition?

    /// A bit for each helper at work, so that every one has a number of its own.
    private let helpers = Atomic<UInt64>(0)
    private let helperCount: Int

    /// Steps of more than one chunk.
    let dividedSteps: Int

    /// Step in the high half, next chunk in the low half.
    private let ticket: Atomic<UInt64>
    private let done = Atomic<Int>(0)
    private let home = Atomic<Int32>(-1)
    private let rhythm = Rhythm()

    init(steps: [Step], workers: Workers) {
        helperCount = min(workers.count - 1, UInt64.bitWidth)
        self.steps = steps
        dividedSteps = steps.count { $0.chunks > 1 }
        self.workers = workers
        ticket = Atomic(UInt64(steps.count) << 32)
    }

    var presentHelpers: Int { helpers.load(ordering: .relaxed).nonzeroBitCount }

    func isWorthWaking(_ work: Int, least: Int) -> Bool {
        rhythm.isWorthWaking(work, least: least)
    }

    func notePause() { rhythm.notePause() }

    func noteEnd(_ way: Rhythm.Way) { rhythm.noteEnd(way) }

    /// The next run is in the arena that begins here.
    func enter(_ start: FloatPosition) {
        unsafe position = start
    }

    /// The arena as one worker sees it; only between claiming a chunk and being done with it.
    private func arena(of worker: Int) -> PassArena {
        guard let position = unsafe position else { preconditionFailure("a pass without an arena") }
        return PassArena(start: position, worker: worker)
    }

    func runAlone(_ isCancelled: () -> Bool) -> Bool {
        let view = arena(of: 0)
        // By index: iterating over the array itself allocates in a debug build.
        for index in steps.indices {
            if isCancelled() { return false }
            for chunk in 0..<steps[index].chunks {
                steps[index].run(view, chunk)
                giveWay()
            }
        }
        return true
    }

    func time() -> [UInt64] {
        let view = arena(of: 0)
        return steps.map { step in
            let start = monotonicNanoseconds()
            for chunk in 0..<step.chunks { step.run(view, chunk) }
            return monotonicNanoseconds() - start
        }
    }

    func begin() {
        home.store(striate_current_cpu(), ordering: .relaxed)
        // Step 0 with no chunk left: helpers may arrive, but find nothing to claim yet.
        ticket.store(0xFFFF_FFFF, ordering: .releasing)
    }

    /// Helpers find nothing more to do and leave.
    func end() {
        ticket.store(UInt64(steps.count) << 32, ordering: .releasing)
    }

    func runShared(_ isCancelled: () -> Bool) -> Bool {
        defer { end() }
        let view = arena(of: 0)
        for index in steps.indices {
            giveWay()
            if isCancelled() { return false }
            if steps[index].chunks == 1 {
                steps[index].run(view, 0)
                continue
            }
            done.store(0, ordering: .relaxed)
            ticket.store(UInt64(index) << 32, ordering: .releasing)
            while claim(ticket.load(ordering: .acquiring), worker: 0) {}
            let spins = spin { done.load(ordering: .acquiring) >= steps[index].chunks }
            rhythm.noteWait(spins)
        }
        return true
    }

    func help() {
        // A helper too many, late from an earlier run, has no number and leaves.
        guard let number = takeNumber() else { return }
        defer { helpers.bitwiseAnd(~(1 << UInt64(number)), ordering: .releasing) }
        away(from: home.load(ordering: .relaxed)) {
            repeat {
                _ = spin {
                    let current = ticket.load(ordering: .acquiring)
                    if Int(current >> 32) >= steps.count { return true }
                    while claim(ticket.load(ordering: .acquiring), worker: number + 1) {}
                    return false
                }
            } while linger()
        }
    }

    /// Waits for the next run, if it comes soon; false if it did not, or another pass wants this core.
    private func linger() -> Bool {
        let end = monotonicNanoseconds() + Rhythm.patience
        while true {
            for _ in 0..<32 {
                if Int(ticket.load(ordering: .acquiring) >> 32) < steps.count { return true }
                striate_cpu_pause()
            }
            if workers.isCrowded || monotonicNanoseconds() > end { return false }
        }
    }

    /// Spins until `isOver`; returns how often.
    private func spin(_ isOver: () -> Bool) -> Int {
        var spins = 0
        while !isOver() {
            striate_cpu_pause()
            spins &+= 1
            if spins & 0xFFF == 0 { sched_yield() }
        }
        return spins
    }

    private func takeNumber() -> Int? {
        while true {
            let taken = helpers.load(ordering: .acquiring)
            let number = (~taken).trailingZeroBitCount
            guard number < helperCount else { return nil }
            let (isMine, _) = helpers.compareExchange(
                expected: taken,
                desired: taken | 1 << UInt64(number),
                ordering: .acquiringAndReleasing
            )
            if isMine { return number }
        }
    }

    private func claim(_ current: UInt64, worker: Int) -> Bool {
        let step = Int(current >> 32)
        let chunk = Int(current & 0xFFFF_FFFF)
        guard step < steps.count, chunk < steps[step].chunks else { return false }
        let (claimed, _) = ticket.compareExchange(
            expected: current,
            desired: current &+ 1,
            ordering: .acquiringAndReleasing
        )
        if claimed {
            steps[step].run(arena(of: worker), chunk)
            done.add(1, ordering: .releasing)
        }
        return true
    }
}
