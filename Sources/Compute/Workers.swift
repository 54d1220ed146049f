import CPUFeatures
public import Dispatch
import FoundationEssentials
import Synchronization

/// From now on passes of the calling thread borrow no helpers: others hardly feel a thread of low priority, but would
/// feel helpers.
public func workAlone() {
    striate_work_alone()
}

/// Runs a job of a thread that works alone; meanwhile short passes of others leave it a core.
public func aloneOnCore(_ job: () -> Void) {
    aloneJobs.add(1, ordering: .relaxed)
    defer { aloneJobs.subtract(1, ordering: .relaxed) }
    job()
}

private let aloneJobs = Atomic<Int>(0)

/// Gives memory that was freed, but kept for later, back to the system.
///
/// Worth its milliseconds after work that took much for a moment.
public func releaseFreeMemory() {
    striate_release_free_memory()
}

/// What a process lends to computing: a concurrent queue, the number of cores it may fill, and memory.
public final class Workers: Sendable {
    public let count: Int
    public let queue: DispatchQueue

    /// The memory of all that these threads compute.
    public let memory: MemoryLedger

    /// The arenas of their passes.
    public let arenas: ArenaPool

    /// Helpers that wait for a pass that is expected.
    let lounge = Lounge()

    /// Passes cheaper than this many multiply–adds wake no helper by themselves: that costs about 0.1 ms.
    public let minimumWork: Int

    /// Passes cheaper than this use no helper even if it is awake.
    private static let leastSharedWork = 200_000

    /// The same for each divided step: handing its chunks over and waiting for the last costs a microsecond.
    private static let leastSharedStep = 120_000

    /// Passes cheaper than this leave a core to each job of a thread that works alone: a helper that has to wait there
    /// for a slice of time would hold them up for longer than they take.
    private static let shortWork = 100_000_000

    private let running = Atomic<Int>(0)

    public init(
        count: Int = Workers.availableCores(),
        minimumWork: Int = 4_000_000,
        queue: DispatchQueue = DispatchQueue(label: "striate.compute", attributes: .concurrent),
        memory: MemoryLedger = MemoryLedger()
    ) {
        self.count = max(1, count)
        self.minimumWork = minimumWork
        self.queue = queue
        self.memory = memory
        arenas = ArenaPool(most: 2 * max(1, count), memory)
    }

    /// Helpers that a pass of `steps` divided steps may borrow now: the cores that no running pass occupies.
    func enter(work: Int, steps: Int) -> Int {
        let others = running.add(1, ordering: .relaxed).oldValue
        guard striate_works_alone() == 0 else { return 0 }
        let least = max(Self.leastSharedWork, steps * Self.leastSharedStep)
        guard steps > 0, work >= min(minimumWork, least) else { return 0 }
        let alone = work < Self.shortWork ? aloneJobs.load(ordering: .relaxed) : 0
        return max(0, count - 1 - others - alone)
    }

    /// Wakes the helpers of a pass that the calling thread begins within a millisecond, so that it need not wait for
    /// them; none that another turn, or one who waits for it, has use of a core for.
    public func expectPass() {
        Turn.ofThread { turn in
            let (count, waiters) = (count, turn.waiters)
            @Sendable func free() -> Int {
                count - waiters.all - aloneJobs.load(ordering: .relaxed)
            }
            lounge.call(free(), on: queue) { free() < $0 }
        }
    }

    /// Whether more passes run than leave a core to a helper that waits for work.
    var isCrowded: Bool {
        running.load(ordering: .relaxed) + aloneJobs.load(ordering: .relaxed) >= count
    }

    func leave() {
        running.subtract(1, ordering: .relaxed)
    }

    /// Cores this process may use: its affinity mask, cut by the quotas of its control groups.
    public static func availableCores() -> Int {
        let online = max(1, ProcessInfo.processInfo.activeProcessorCount)
        guard let quota = CPUQuota().cores else { return online }
        return max(1, Int(min(quota.rounded(.up), Double(online))))
    }
}
