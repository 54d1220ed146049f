import Dispatch
import Synchronization

/// Runs requests that compute, as many at a time as there are cores, in an order fair to their clients.
///
/// The queue is bounded in time, not in requests: a request is refused when the work before it would take
/// longer than the limit, judged by a moving estimate for each model and operation. A client that waits for
/// less than its share of a full queue takes the place of the last request of the one that waits for most, and a
/// request of its own that comes before others takes the place of its last.
final class Scheduler: Sendable {
    /// A request that waits for a core.
    struct Job: Sendable {
        let kind: CostEstimates.Kind
        /// The amount of work, in units of the estimate.
        let units: Double
        /// Whose share of the time it takes.
        var client = ClientIdentity.unknown
        /// Its place among its client's jobs, of which the lowest goes first; other clients' shares do not depend on it.
        var level = 0
        /// The model it is for, if any.
        var model: ModelLabel?
        let cancellation: Cancellation
        /// Makes the answer and says whether its time is typical for the estimate.
        let run: @Sendable () -> Bool
        /// Answers without computing.
        let refuse: @Sendable (ServiceError) -> Void
    }

    private typealias Queue = FairQueue<ClientIdentity, Job>

    private struct Entry {
        let job: Job
        let predictedSeconds: Double
    }

    private struct State {
        var waiting = Queue()
        var running = 0
        /// Predicted seconds of everything that waits or runs.
        var pendingSeconds = 0.0
        var estimates = CostEstimates()
        var longestWaitSeconds: Double
        var waitingByModel: [ModelLabel: Int] = [:]

        /// Takes note that one more, or one less, waits for a model.
        mutating func count(_ change: Int, _ job: Job) {
            guard let model = job.model else { return }
            let count = waitingByModel.removeValue(forKey: model) ?? 0
            if count + change > 0 { waitingByModel[model] = count + change }
        }
    }

    private enum Admission {
        case starts(Entry)
        /// It waits, in the place of another.
        case waits(instead: Job?)
    }

    /// What waits and runs now.
    struct Load: Sendable {
        var waiting: Int
        var running: Int
        var predictedWaitSeconds: Double
        var waitingByModel: [ModelLabel: Int]
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "striate.requests", attributes: .concurrent)
    private let cores: Int

    init(cores: Int, longestWaitSeconds: Double) {
        self.cores = max(1, cores)
        state = Mutex(State(longestWaitSeconds: longestWaitSeconds))
    }

    var load: Load {
        state.withLock { state in
            Load(
                waiting: state.waiting.count,
                running: state.running,
                predictedWaitSeconds: predictedWait(state),
                waitingByModel: state.waitingByModel
            )
        }
    }

    /// Bounds the wait of requests to come.
    func limitWait(to seconds: Double) {
        state.withLock { $0.longestWaitSeconds = seconds }
    }

    /// Queues the job, or throws when it would wait too long or miss its deadline.
    func submit(_ job: Job) throws(ServiceError) {
        let admission = try state.withLock { (state) throws(ServiceError) in
            try admit(job, &state)
        }
        switch admission {
        case .starts(let entry): queue.async { self.work(startingWith: entry) }
        case .waits(let displaced?): displaced.refuse(overloaded(load.predictedWaitSeconds))
        case .waits(nil): break
        }
    }

    /// Queues the rest of a job that let go of its core, however much waits: it was admitted once.
    func resume(_ job: Job) {
        let starting = state.withLock { state in
            enqueue(job, state.estimates.seconds(of: job.kind, units: job.units), &state)
        }
        if let starting { queue.async { self.work(startingWith: starting) } }
    }

    private func admit(_ job: Job, _ state: inout State) throws(ServiceError) -> Admission {
        let seconds = state.estimates.seconds(of: job.kind, units: job.units)
        let wait = predictedWait(state)
        var displaced: Queue.Entry?
        if wait > state.longestWaitSeconds {
            let share = state.waiting.seconds(of: job.client) + seconds
            displaced =
                state.waiting.takeLast(ofMoreThan: share)
                ?? state.waiting.takeLast(of: job.client, behind: job.level)
            guard let displaced else { throw overloaded(wait) }
            state.pendingSeconds -= displaced.seconds
            state.count(-1, displaced.element)
        }
        do throws(ServiceError) {
            try checkDeadline(of: job, needing: fairWait(of: job, state) + seconds)
        } catch {
            if let displaced { requeue(displaced, &state) }
            throw error
        }
        if let entry = enqueue(job, seconds, &state) { return .starts(entry) }
        return .waits(instead: displaced?.element)
    }

    /// Has the job wait, or returns it if a core is free.
    private func enqueue(_ job: Job, _ seconds: Double, _ state: inout State) -> Entry? {
        state.pendingSeconds += seconds
        guard state.running >= cores else {
            state.running += 1
            return Entry(job: job, predictedSeconds: seconds)
        }
        state.waiting.append(job, client: job.client, seconds: seconds, level: job.level)
        state.count(1, job)
        return nil
    }

    private func requeue(_ entry: Queue.Entry, _ state: inout State) {
        state.pendingSeconds += entry.seconds
        state.count(1, entry.element)
        state.waiting.append(
            entry.element,
            client: entry.client,
            seconds: entry.seconds,
            level: entry.level
        )
    }

    private func overloaded(_ wait: Double) -> ServiceError {
        .overloaded(
            waitingMilliseconds: Int(wait * 1000),
            retryAfterSeconds: max(1, Int(wait.rounded(.up)))
        )
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
                guard let next = state.waiting.takeFirst() else {
                    state.running -= 1
                    return nil
                }
                state.count(-1, next.element)
                return Entry(job: next.element, predictedSeconds: next.seconds)
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

    /// The wait of a client's next request: all that waits, but no more than every client's turn for each of its own
    /// before it.
    private func fairWait(of job: Job, _ state: borrowing State) -> Double {
        guard state.running >= cores else { return 0 }
        let clients = Double(state.waiting.clientCount + 1)
        let turns = state.waiting.seconds(of: job.client, upTo: job.level) * clients
        let waiting = state.waiting.totalSeconds
        let running = max(0, state.pendingSeconds - waiting)
        return (running + min(waiting, turns)) / Double(cores)
    }
}
