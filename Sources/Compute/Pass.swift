import CPUFeatures
import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Runs a plan's steps in order, cut into chunks over the workers' concurrent queue.
///
/// Helpers are borrowed once a pass, not once a step: waking a thread costs more than most layers.
/// Nobody ever waits for a helper that has not claimed a chunk. A pass is run by one caller at a
/// time and may be run again: a helper that comes late simply helps the next run.
public final class Pass: Sendable {
    private let shared: SharedState
    private let workers: Workers
    // SAFETY: a work item is only ever handed to `async`, which is safe from any thread.
    private nonisolated(unsafe) let help: DispatchWorkItem
    private let work: Int

    /// A pass over `steps` in `arena`, of about `work` multiply–adds.
    public init(steps: [Step], arena: FloatStorage, work: Int, on workers: Workers) {
        let shared = SharedState(steps: steps, arena: arena)
        self.shared = shared
        self.workers = workers
        self.work = work
        unsafe help = DispatchWorkItem { shared.help() }
    }

    /// Computes every step; returns false if `isCancelled` said so between two steps.
    public func run(isCancelled: () -> Bool = { false }) -> Bool {
        let helpers = workers.enter(work: work)
        defer { workers.leave() }
        if helpers == 0 { return shared.runAlone(isCancelled) }
        shared.begin()
        for _ in 0..<helpers { unsafe workers.queue.async(execute: help) }
        // Linux queues a woken helper behind us on this core: let it start, so that it moves away.
        sched_yield()
        return shared.runShared(isCancelled)
    }
}

/// What the caller and its helpers share: the ticket says which chunk is next.
private final class SharedState: Sendable {
    private let steps: [Step]
    private let arena: FloatStorage
    private let position: FloatPosition

    /// Step in the high half, next chunk in the low half.
    private let ticket: Atomic<UInt64>
    private let done = Atomic<Int>(0)
    private let home = Atomic<Int32>(-1)

    init(steps: [Step], arena: FloatStorage) {
        self.steps = steps
        self.arena = arena
        position = arena.start
        ticket = Atomic(UInt64(steps.count) << 32)
    }

    func runAlone(_ isCancelled: () -> Bool) -> Bool {
        // By index: iterating over the array itself allocates in a debug build.
        for index in steps.indices {
            if isCancelled() { return false }
            for chunk in 0..<steps[index].chunks { steps[index].run(position, chunk) }
        }
        return true
    }

    func begin() {
        home.store(striate_current_cpu(), ordering: .relaxed)
        // Step 0 with no chunk left: helpers may arrive, but find nothing to claim yet.
        ticket.store(0xFFFF_FFFF, ordering: .releasing)
    }

    func runShared(_ isCancelled: () -> Bool) -> Bool {
        defer { ticket.store(UInt64(steps.count) << 32, ordering: .releasing) }
        for index in steps.indices {
            if isCancelled() { return false }
            done.store(0, ordering: .relaxed)
            ticket.store(UInt64(index) << 32, ordering: .releasing)
            while claim(ticket.load(ordering: .acquiring)) {}
            wait { done.load(ordering: .acquiring) >= steps[index].chunks }
        }
        return true
    }

    func help() {
        let crowded = striate_current_cpu() == home.load(ordering: .relaxed)
        // Linux may have woken this helper on the caller's own core, where it would wait for the slice's end.
        if crowded { striate_leave_cpu(home.load(ordering: .relaxed)) }
        defer { if crowded { striate_restore_cpus() } }
        wait {
            let current = ticket.load(ordering: .acquiring)
            if Int(current >> 32) >= steps.count { return true }
            while claim(ticket.load(ordering: .acquiring)) {}
            return false
        }
    }

    private func wait(_ isOver: () -> Bool) {
        var spins = 0
        while !isOver() {
            striate_cpu_pause()
            spins &+= 1
            if spins & 0xFFF == 0 { sched_yield() }
        }
    }

    private func claim(_ current: UInt64) -> Bool {
        let step = Int(current >> 32)
        let chunk = Int(current & 0xFFFF_FFFF)
        guard step < steps.count, chunk < steps[step].chunks else { return false }
        let (claimed, _) = ticket.compareExchange(
            expected: current,
            desired: current &+ 1,
            ordering: .acquiringAndReleasing
        )
        if claimed {
            steps[step].run(position, chunk)
            done.add(1, ordering: .releasing)
        }
        return true
    }
}
