import Threads
import Compute
import Dispatch
import Glibc
import Synchronization

/// A thread that computes requests, one after the other.
///
/// Not one of Dispatch's: those are as many as there are cores, and one that waits in the middle of a request for its
/// turn would be missing.
final class ComputeThread: Sendable {
    /// Signalled when there is something to do, or when it is this thread's turn again.
    private let wake = DispatchSemaphore(value: 0)
    private let next = Mutex<Scheduler.Task?>(nil)

    init(_ scheduler: SchedulerCore) {
        startThread {
            let computation = Computation(self, scheduler)
            while let task = self.nextTask(), computation.run(task) {}
        }
    }

    private func nextTask() -> Scheduler.Task? {
        wake.wait()
        return next.withLock { $0.take() }
    }

    func run(_ task: Scheduler.Task) {
        next.withLock { $0 = task }
        wake.signal()
    }

    /// Ends an idle thread.
    func end() { wake.signal() }

    /// Waits, in the middle of a task, until `goOn`.
    func pause() { wake.wait() }

    func goOn() { wake.signal() }
}

/// What a compute thread knows of its task; used by that thread alone.
private final class Computation {
    private let thread: ComputeThread
    private let scheduler: SchedulerCore
    private var task: Scheduler.Task?
    /// Seconds that the task may compute.
    private var limit = Double.infinity
    /// When the current turn began.
    private var began = 0.0
    private lazy var turn = Turn(scheduler.waiters) { [unowned self] turn in ask(turn) }

    init(_ thread: ComputeThread, _ scheduler: SchedulerCore) {
        self.thread = thread
        self.scheduler = scheduler
    }

    /// Computes the task and those that follow it; false when the thread is to end.
    func run(_ first: Scheduler.Task) -> Bool {
        var task = first
        while true {
            let isTypical = compute(task)
            switch scheduler.finish(task, isTypical: isTypical, thread) {
            case .compute(let next): task = next
            case .wait: return true
            case .end: return false
            }
        }
    }

    /// Returns whether the time it took is typical.
    private func compute(_ task: Scheduler.Task) -> Bool {
        let job = task.payload
        do throws(ServiceError) {
            try job.cancellation.check()
        } catch {
            job.refuse(error)
            return false
        }
        self.task = task
        defer { self.task = nil }
        let seconds = job.cancellation.computeSeconds
        limit = seconds > 0 ? Double(seconds) - job.computedBefore : .infinity
        began = scheduler.now
        let shared = SharedTurn(scheduler, task) { [unowned self] in hasHadItsSlice }
        return turn.run { job.run(shared) }
    }

    private var hasHadItsSlice: Bool { scheduler.now - began >= scheduler.slice }

    /// Between two pieces of work, while others wait or now and then.
    private func ask(_ turn: Turn) {
        if turn.computedSeconds > limit { turn.isSpent = true }
        guard scheduler.waiters.count > 0, let task else { return }
        guard hasHadItsSlice else { return }
        if !scheduler.ask(task, on: thread) { turn.pause(thread.pause) }
        began = scheduler.now
    }
}
