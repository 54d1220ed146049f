import Dispatch
import Synchronization

/// Runs requests that compute, as many at a time as there are cores, in the order they came.
///
/// The queue is bounded in time, not in requests: a request is refused when the work before it would take
/// longer than the limit, judged by a moving estimate for each model and operation.
final class Scheduler: Sendable {
    /// A request that waits for a core.
    struct Job: Sendable {
        let kind: CostEstimates.Kind
        /// The amount of work, in units of the estimate.
        let units: Double
        let cancellation: Cancellation
        /// Makes the answer and says whether its time is typical for the estimate.
        let run: @Sendable () -> Bool
        /// Answers without computing.
        let refuse: @Sendable (ServiceError) -> Void
    }

    private struct Entry {
        let job: Job
        let predictedSeconds: Double
    }

    private struct State {
        var waiting: [Entry] = []
        /// Entries of `waiting` that were taken already.
        var taken = 0
        var running = 0
        /// Predicted seconds of everything that waits or runs.
        var pendingSeconds = 0.0
        var estimates = CostEstimates()

        var waitingCount: Int { waiting.count - taken }

        mutating func takeNext() -> Entry? {
            guard taken < waiting.count else {
                waiting.removeAll(keepingCapacity: true)
                taken = 0
                return nil
            }
            let entry = waiting[taken]
            taken += 1
            if taken >= 256 && taken * 2 > waiting.count {
                waiting.removeFirst(taken)
                taken = 0
            }
            return entry
        }
    }

    /// What waits and runs now.
    struct Load: Sendable {
        var waiting: Int
        var running: Int
        var predictedWaitSeconds: Double
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "striate.requests", attributes: .concurrent)
    private let cores: Int
    private let longestWaitSeconds: Double

    init(cores: Int, longestWaitSeconds: Double) {
        self.cores = max(1, cores)
        self.longestWaitSeconds = longestWaitSeconds
    }

    var load: Load {
        state.withLock { state in
            Load(
                waiting: state.waitingCount,
                running: state.running,
                predictedWaitSeconds: predictedWait(state)
            )
        }
    }

    /// Queues the job, or throws when it would wait too long or miss its deadline.
    func submit(_ job: Job) throws(ServiceError) {
        let startsNow = try state.withLock { (state) throws(ServiceError) -> Entry? in
            let wait = predictedWait(state)
            let seconds = state.estimates.seconds(of: job.kind, units: job.units)
            if wait > longestWaitSeconds {
                throw .overloaded(
                    waitingMilliseconds: Int(wait * 1000),
                    retryAfterSeconds: max(1, Int(wait.rounded(.up)))
                )
            }
            try checkDeadline(of: job, needing: wait + seconds)
            let entry = Entry(job: job, predictedSeconds: seconds)
            state.pendingSeconds += seconds
            guard state.running >= cores else {
                state.running += 1
                return entry
            }
            state.waiting.append(entry)
            return nil
        }
        if let startsNow { queue.async { self.work(startingWith: startsNow) } }
    }

    /// Runs entries until none waits.
    private func work(startingWith first: Entry) {
        var entry = first
        while true {
            let measured = perform(entry)
            let next = state.withLock { state -> Entry? in
                state.pendingSeconds = max(0, state.pendingSeconds - entry.predictedSeconds)
                if let measured {
                    let job = entry.job
                    state.estimates.learn(job.kind, units: job.units, seconds: measured)
                }
                let next = state.takeNext()
                if next == nil { state.running -= 1 }
                return next
            }
            guard let next else { return }
            entry = next
        }
    }

    /// Seconds the job ran, when that is worth learning from.
    private func perform(_ entry: Entry) -> Double? {
        do {
            try entry.job.cancellation.check()
            try checkDeadline(of: entry.job, needing: entry.predictedSeconds)
        } catch {
            entry.job.refuse(error)
            return nil
        }
        let start = ContinuousClock.now
        let isTypical = entry.job.run()
        return isTypical ? (ContinuousClock.now - start).seconds : nil
    }

    private func checkDeadline(of job: Job, needing seconds: Double) throws(ServiceError) {
        guard let deadline = job.cancellation.deadline else { return }
        let remaining = (deadline.instant - ContinuousClock.now).seconds
        if remaining <= 0 { throw .deadlineExceeded(milliseconds: deadline.milliseconds) }
        guard seconds > remaining else { return }
        throw .deadlineUnreachable(
            milliseconds: deadline.milliseconds,
            predictedMilliseconds: Int((seconds * 1000).rounded(.up))
        )
    }

    private func predictedWait(_ state: borrowing State) -> Double {
        state.running < cores ? 0 : state.pendingSeconds / Double(cores)
    }
}
