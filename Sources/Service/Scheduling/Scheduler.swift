import Threads
import Compute
import Dispatch
import Glibc
import Synchronization
import Telemetry

/// Runs requests that compute, as many at a time as there are cores, in an order fair to their clients.
///
/// A request has a core for a slice of time; if others wait then, its thread pauses wherever it polls for an end, and they
/// go on who had less. So what one client asks for delays others by slices, not by requests.
///
/// Waiting is bounded in time, not in requests: a request is refused when another of its client waits already, and what
/// the client asked for before, at its share of the cores, would take longer than the limit, judged by a moving
/// estimate for each model and operation. What others ask for refuses nobody. A request of a client whose queue is full takes the place of its last,
/// if it comes before that.
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
        /// Seconds that earlier jobs of the same request have computed.
        var computedBefore = 0.0
        /// What it can be computed together with; nil for nothing.
        var company: TurnTable<Job>.Company?
        /// Whether it rather goes along with one of its company that computes than beside it.
        var joinsOnly = false
        /// Makes the answer and says whether its time is typical for the estimate.
        let run: @Sendable (SharedTurn) -> Bool
        /// Prepares what another job of the same company computes together with its own.
        var join: (@Sendable () -> (any Companion)?)?
        /// Answers without computing.
        let refuse: @Sendable (ServiceError) -> Void
    }

    typealias Table = TurnTable<Job>
    typealias Task = Table.Task

    /// Seconds that a request computes before others that wait come first, unless a test wants others.
    static let slice = 0.01
    /// Requests that wait in all; beyond it the client that waits for most gives way.
    static let mostWaiting = 8192

    private let core: SchedulerCore

    init(cores: Int, longestWaitSeconds: Double, slice: Double = Scheduler.slice) {
        core = SchedulerCore(cores: cores, longestWaitSeconds: longestWaitSeconds, slice: slice)
    }

    deinit { core.end() }

    /// What waits and runs now.
    var load: LoadFigures { core.load }

    /// Bounds the wait of requests to come.
    func limitWait(to seconds: Double) { core.limitWait(to: seconds) }

    /// Queues the job, or throws when it would wait too long or miss its deadline.
    func submit(_ job: Job) throws(ServiceError) { try core.submit(job) }

    /// Queues the rest of a job that let go of its core, however much waits: it was admitted once.
    func resume(_ job: Job) { core.resume(job) }
}

/// What the scheduler's threads share; it outlives the scheduler until the last of them has ended.
final class SchedulerCore: Sendable {
    typealias Job = Scheduler.Job
    typealias Task = Scheduler.Task

    struct State {
        var table: Scheduler.Table
        var estimates = CostEstimates()
        var longestWaitSeconds: Double
        var nextID = 0
        /// Threads without a task, the one that worked last at the end.
        var idle: [ComputeThread] = []
        /// The threads of tasks that pause.
        var paused: [Int: ComputeThread] = [:]
        var waitingByModel: [ModelLabel: Int] = [:]
        /// Whether somebody looks after tasks that do not ask.
        var isWatched = false
        var isEnded = false

        /// Takes note that one more, or one less, waits for a model.
        mutating func count(_ change: Int, _ job: Job) {
            guard let model = job.model else { return }
            let count = waitingByModel.removeValue(forKey: model) ?? 0
            if count + change > 0 { waitingByModel[model] = count + change }
        }
    }

    let state: Mutex<State>
    let waiters = Waiters()
    /// Signalled when somebody has to watch, and at the end.
    let watching = DispatchSemaphore(value: 0)
    let slice: Double
    private let epoch = ContinuousClock.now

    init(cores: Int, longestWaitSeconds: Double, slice: Double) {
        self.slice = slice
        let table = Scheduler.Table(cores: cores, slice: slice)
        state = Mutex(State(table: table, longestWaitSeconds: longestWaitSeconds))
    }

    /// Seconds on the clock of the table.
    var now: Double { (ContinuousClock.now - epoch).seconds }

    var load: LoadFigures {
        state.withLock { state in
            LoadFigures(
                waiting: state.table.waiting,
                running: state.table.running,
                predictedWaitSeconds: state.table.longestWait,
                waitingByModel: state.waitingByModel
            )
        }
    }

    func limitWait(to seconds: Double) {
        state.withLock { $0.longestWaitSeconds = seconds }
    }

    func submit(_ job: Job) throws(ServiceError) {
        let now = now
        let (displaced, starts) = try state.withLock { (state) throws(ServiceError) in
            let seconds = state.estimates.seconds(of: job.kind, units: job.units)
            let displaced = try admit(job, seconds, &state)
            return (displaced, append(job, seconds, &state, at: now))
        }
        launch(starts)
        displaced?.refuse(overloaded(load.predictedWaitSeconds))
    }

    func resume(_ job: Job) {
        let now = now
        launch(
            state.withLock { state in
                let seconds = state.estimates.seconds(of: job.kind, units: job.units)
                return append(job, seconds, &state, at: now)
            }
        )
    }

    private func append(
        _ job: Job,
        _ seconds: Double,
        _ state: inout State,
        at now: Double
    ) -> [Start] {
        state.nextID += 1
        let task = Task(
            id: state.nextID,
            job,
            client: job.client,
            level: job.level,
            predicted: seconds,
            company: job.company,
            joinsOnly: job.joinsOnly
        )
        state.table.append(task, at: now)
        state.count(1, job)
        let starts = assign(state.table.begin(at: now), &state)
        noteWaiting(&state)
        return starts
    }

    /// Tells those who compute whether others wait, and has somebody look after those who do not ask.
    func noteWaiting(_ state: inout State) {
        let count = state.table.waiting
        waiters.count = count
        guard count > 0, !state.isWatched, !state.isEnded else { return }
        state.isWatched = true
        if !startWatching() { watching.signal() }
    }

    private let watcherExists = Atomic(false)

    /// Makes the thread that watches, unless there is one.
    private func startWatching() -> Bool {
        guard !watcherExists.exchange(true, ordering: .relaxed) else { return false }
        startThread { self.watch() }
        return true
    }

    func end() {
        let idle = state.withLock { state in
            state.isEnded = true
            defer { state.idle = [] }
            return state.idle
        }
        for thread in idle { thread.end() }
        watching.signal()
    }
}

/// Which requests are taken.
extension SchedulerCore {
    /// Throws when the job must be refused; returns one that gives way to it.
    private func admit(
        _ job: Job,
        _ seconds: Double,
        _ state: inout State
    ) throws(ServiceError) -> Job? {
        let wait = state.table.wait(of: job.client, level: job.level)
        do throws(ServiceError) {
            let slice = state.table.isFull ? self.slice : 0
            try checkDeadline(
                of: job,
                needing: min(wait + slice, state.table.longestWait) + seconds
            )
        } catch {
            if wait == 0 { state.estimates.doubt(job.kind) }
            throw error
        }
        var displaced: Task?
        let wholeWait = state.table.wait(of: job.client, level: .max)
        // One request of a client may always wait: the one before may be answered and not noted as ended yet.
        if wholeWait > state.longestWaitSeconds, state.table.waitingSeconds(of: job.client) > 0 {
            displaced = state.table.removeLast(of: job.client, behind: job.level)
            if displaced == nil { throw overloaded(wholeWait) }
        } else if state.table.waiting >= Scheduler.mostWaiting {
            let share = state.table.waitingSeconds(of: job.client) + seconds
            displaced = state.table.removeLast(ofMoreThan: share)
            if displaced == nil { throw overloaded(state.table.longestWait) }
        }
        if let displaced { state.count(-1, displaced.payload) }
        return displaced?.payload
    }

    private func overloaded(_ wait: Double) -> ServiceError {
        .overloaded(
            waitingMilliseconds: Int(wait * 1000),
            retryAfterSeconds: max(1, Int(wait.rounded(.up)))
        )
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
}
