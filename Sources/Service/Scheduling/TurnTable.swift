import Telemetry

/// Who computes and who waits: all decisions of the scheduler, without threads and clocks.
///
/// A task computes for a slice; when others wait then, it goes back into the queue as it is and they come first who were
/// given less. A task that lets a slice and more pass without asking loses its core on paper: another is
/// started beside it, and it waits as soon as it asks.
struct TurnTable<Payload: Sendable> {
    /// What tasks have in common that can be computed together.
    typealias Company = ObjectIdentifier

    struct Task: Sendable {
        let id: Int
        /// Seconds it was predicted to take.
        let predicted: Double
        /// Whether it waits for a place beside one of its company that computes, rather than for a core of its own.
        let joinsOnly: Bool
        /// What it can be computed together with; nil for nothing.
        let company: Company?
        let level: Int
        private let constants: Constants
        /// Seconds it has computed, up to its current turn.
        fileprivate(set) var used = 0.0
        /// When its current turn began.
        fileprivate(set) var began = 0.0
        /// Whether it has computed before.
        fileprivate(set) var hasBegun = false
        /// What its client was charged for the current turn in advance.
        fileprivate var charged = 0.0
        /// Seconds of its current turn that those are charged who went along.
        fileprivate var shared = 0.0
        /// Whether another was started on its core.
        fileprivate var isOverdue = false

        init(
            id: Int,
            _ payload: Payload,
            client: ClientIdentity,
            level: Int,
            predicted: Double,
            company: Company? = nil,
            joinsOnly: Bool = false
        ) {
            self.id = id
            constants = Constants(payload, client)
            self.level = level
            self.predicted = predicted
            (self.company, self.joinsOnly) = (company, joinsOnly)
        }

        var payload: Payload { constants.payload }
        var client: ClientIdentity { constants.client }
    }

    /// What would be long to copy each time a task changes its place.
    private final class Constants: Sendable {
        let payload: Payload
        let client: ClientIdentity

        init(_ payload: Payload, _ client: ClientIdentity) {
            (self.payload, self.client) = (payload, client)
        }
    }

    /// How many tasks may have begun and not ended; each holds a thread and the memory it computes in.
    struct Limits: Sendable {
        /// Of one client, and of all: tasks longer than a slice.
        var longOfClient: Int
        var long: Int
        /// The same for all tasks, so that short ones still find a place.
        var ofClient: Int
        var all: Int

        init(cores: Int) {
            longOfClient = cores
            long = max(16, 4 * cores)
            ofClient = max(8, 4 * cores)
            all = max(256, 16 * cores)
        }
    }

    /// What a client has in the table.
    private struct Account: Sendable {
        var tasks = 0
        var begun = 0
        /// Predicted seconds of all its tasks.
        var pending = 0.0
    }

    let cores: Int
    /// Seconds a task computes before others that wait come first.
    let slice: Double
    let limits: Limits

    private(set) var queue: FairQueue<ClientIdentity, Task>
    private var computing: [Int: Task] = [:]
    /// Of those that compute, how many are overdue.
    private var overdue = 0
    private var begun = 0
    private var accounts: [ClientIdentity: Account] = [:]
    private var waitingSince = 0.0
    private var pending = 0.0
    /// Where those wait that can be computed together, in the order in which they came.
    private var companies: [Company: WaitingCompany] = [:]

    /// Tasks that wait for a place beside one that computes, and how many of each company compute.
    private var held: [Company: [Task]] = [:]
    private var heldCount = 0
    private var leaders: [Company: Int] = [:]

    fileprivate struct WaitingCompany: Sendable {
        var places: [(client: ClientIdentity, place: FairLine<Task>.Place)] = []
        /// Those before are taken.
        var first = 0
    }

    init(cores: Int, slice: Double) {
        self.cores = max(1, cores)
        self.slice = slice
        limits = Limits(cores: self.cores)
        queue = FairQueue(credit: slice)
    }

    /// Tasks that compute.
    var running: Int { computing.count }
    var isFull: Bool { computing.count - overdue >= cores }
    /// Tasks that wait.
    var waiting: Int { queue.count + heldCount }

    /// Has a task wait for its turn; what can begin is for `begin` to say.
    mutating func append(_ task: Task, at now: Double) {
        if queue.count == 0 { waitingSince = now }
        accounts[task.client, default: Account()].tasks += 1
        accounts[task.client, default: Account()].pending += task.predicted
        pending += task.predicted
        if !hold(task) { wait(task) }
    }

    /// Has a task wait for a place beside one of its company; false if it needs a core.
    private mutating func hold(_ task: Task) -> Bool {
        guard task.joinsOnly, let company = task.company, leaders[company] != nil else {
            return false
        }
        held[company, default: []].append(task)
        heldCount += 1
        return true
    }

    /// One of a company computes no more: those that waited for a place beside it wait for a core.
    private mutating func release(_ task: Task) {
        guard let company = task.company, let count = leaders[company] else { return }
        leaders[company] = count > 1 ? count - 1 : nil
        guard count == 1, let tasks = held.removeValue(forKey: company) else { return }
        heldCount -= tasks.count
        for var task in tasks {
            queue.settle(task.client, took: 0, given: task.charged, among: .max)
            task.charged = 0
            wait(task)
        }
    }

    private mutating func wait(_ task: Task) {
        let place = queue.append(
            task,
            client: task.client,
            seconds: task.hasBegun ? slice : min(task.predicted, slice),
            level: task.level,
            kind: task.hasBegun ? .begun : task.predicted > slice ? .long : .short
        )
        // One that pauses in the middle of its work has a thread, and goes on there.
        guard let company = task.company, !task.hasBegun else { return }
        companies[company, default: WaitingCompany()].places.append((task.client, place))
        companies[company]?.forgetTaken(of: queue.count)
    }

    /// Takes along those that wait and can be computed together with the task: they share its turn.
    ///
    /// Each is to be ended by `end(companion:took:leader:)`.
    mutating func takeAlong(with task: Task, most: Int) -> [Task] {
        guard let company = task.company, most > 0 else { return [] }
        var taken = Array(held[company]?.prefix(most) ?? [])
        if !taken.isEmpty {
            held[company]?.removeFirst(taken.count)
            heldCount -= taken.count
        }
        guard var waiting = companies.removeValue(forKey: company) else { return taken }
        while taken.count < most, waiting.first < waiting.places.count {
            let (client, place) = waiting.places[waiting.first]
            waiting.first += 1
            if let task = queue.take(at: place, of: client) { taken.append(task) }
        }
        if waiting.first < waiting.places.count { companies[company] = waiting }
        return taken
    }

    /// A task that was taken along has had its share of the turn: it has ended, or waits anew as another.
    mutating func end(companion: Task, took seconds: Double, leader id: Int) {
        computing[id]?.shared += seconds
        queue.settle(
            companion.client,
            took: seconds,
            given: companion.charged,
            among: max(accounts.count, cores)
        )
        forget(companion)
    }

    /// The tasks whose turn begins now, on cores that are free.
    mutating func begin(at now: Double) -> [Task] {
        var tasks: [Task] = []
        while !isFull, let entry = queue.takeFirst(mayTake) {
            var task = entry.element
            task.charged = entry.seconds
            if !task.hasBegun, hold(task) { continue }
            task.began = now
            tasks.append(task)
            if let company = task.company { leaders[company, default: 0] += 1 }
            if !task.hasBegun {
                task.hasBegun = true
                begun += 1
                accounts[task.client, default: Account()].begun += 1
            }
            computing[task.id] = task
        }
        return tasks
    }

    private func mayTake(_ client: ClientIdentity, _ kind: FairLine<Task>.Kind) -> Bool {
        let own = accounts[client]?.begun ?? 0
        return switch kind {
        case .begun: true
        case .short: begun < limits.all && own < limits.ofClient
        case .long: begun < limits.long && own < limits.longOfClient
        }
    }

    /// What a task does that asks after its slice.
    struct Answer {
        /// Whether its turn begins anew; else it has to wait.
        let goesOn: Bool
        /// Seconds it has computed.
        let used: Double
        /// Those whose turn begins now.
        let others: [Task]
    }

    /// A task has computed for a slice, and asks.
    mutating func ask(_ id: Int, at now: Double) -> Answer {
        guard var task = computing[id] else { return Answer(goesOn: true, used: 0, others: []) }
        settle(&task, at: now)
        if task.isOverdue {
            task.isOverdue = false
            overdue -= 1
        }
        computing[id] = nil
        if queue.count == 0 { waitingSince = now }
        release(task)
        wait(task)
        let next = begin(at: now)
        let others = next.filter { $0.id != id }
        return Answer(goesOn: others.count < next.count, used: task.used, others: others)
    }

    private mutating func settle(_ task: inout Task, at now: Double) {
        let seconds = max(0, now - task.began - task.shared)
        task.shared = 0
        task.used += seconds
        queue.settle(
            task.client,
            took: seconds,
            given: task.charged,
            // Who is alone on several cores is due one of them.
            among: max(accounts.count, cores)
        )
        task.charged = 0
        task.began = now
    }

    /// A task has ended; returns the seconds it has computed, and those whose turn begins now.
    mutating func end(_ id: Int, at now: Double) -> (seconds: Double, others: [Task]) {
        guard var task = computing.removeValue(forKey: id) else { return (0, []) }
        settle(&task, at: now)
        if task.isOverdue { overdue -= 1 }
        begun -= 1
        accounts[task.client]?.begun -= 1
        forget(task)
        release(task)
        if queue.count == 0, computing.isEmpty {
            queue.forget()
            companies = [:]
            pending = 0
        } else {
            queue.release()
        }
        return (task.used, begin(at: now))
    }

    private mutating func forget(_ task: Task) {
        pending = max(0, pending - task.predicted)
        guard var account = accounts.removeValue(forKey: task.client) else { return }
        account.tasks -= 1
        account.pending -= task.predicted
        if account.tasks > 0 { accounts[task.client] = account }
    }

    /// Tasks to begin beside those that have not asked for long while others wait.
    mutating func replaceOverdue(at now: Double) -> [Task] {
        guard queue.count > 0 else { return [] }
        for (id, task) in computing where !task.isOverdue && overdue < 4 * cores {
            guard now - max(task.began, waitingSince) >= 1.5 * slice else { continue }
            computing[id]?.isOverdue = true
            overdue += 1
        }
        return begin(at: now)
    }
}

extension TurnTable.WaitingCompany {
    /// Forgets places that were taken, when they are many more than the `waiting` that there may be.
    ///
    /// One that is forgotten with them still gets its own turn.
    fileprivate mutating func forgetTaken(of waiting: Int) {
        guard places.count > 64 + 4 * waiting else { return }
        places.removeFirst(places.count - waiting)
        first = 0
    }
}

/// What a new task has to expect.
extension TurnTable {
    /// Seconds that a task of this client and level would wait: all that is to be done before it, of which others' is no
    /// more than their share while this client's is.
    func wait(of client: ClientIdentity, level: Int) -> Double {
        guard isFull else { return 0 }
        let own = accounts[client]?.pending ?? 0
        let behind = queue.seconds(of: client) - queue.seconds(of: client, upTo: level)
        let clients = accounts.count + (accounts[client] == nil ? 1 : 0)
        return min(pending, max(0, own - behind) * Double(clients)) / Double(cores)
    }

    /// Seconds of everything before what comes last.
    var longestWait: Double { isFull ? pending / Double(cores) : 0 }

    /// Predicted seconds of what a client waits for and has not begun.
    func waitingSeconds(of client: ClientIdentity) -> Double { queue.seconds(of: client) }

    /// Gives up the last task of this client, if one of `level` would come before it.
    mutating func removeLast(of client: ClientIdentity, behind level: Int) -> Task? {
        removed(queue.takeLast(of: client, behind: level))
    }

    /// Gives up the last task of the client that waits for most, if that is more than `seconds`.
    mutating func removeLast(ofMoreThan seconds: Double) -> Task? {
        removed(queue.takeLast(ofMoreThan: seconds))
    }

    private mutating func removed(_ entry: FairQueue<ClientIdentity, Task>.Entry?) -> Task? {
        guard let entry else { return nil }
        forget(entry.element)
        return entry.element
    }
}
