import Compute
import Synchronization

/// What is computed together with another job's work, in that one's turn.
protocol Companion: AnyObject, Sendable {}

/// A job's turn, in which it may take others along that wait and can be computed together with it.
///
/// Used by the thread that computes.
struct SharedTurn {
    /// One that goes along.
    struct Member {
        let companion: any Companion
        fileprivate let task: Scheduler.Task
    }

    private let scheduler: SchedulerCore
    private let task: Scheduler.Task
    private let hasHadItsSlice: () -> Bool

    init(
        _ scheduler: SchedulerCore,
        _ task: Scheduler.Task,
        hasHadItsSlice: @escaping () -> Bool
    ) {
        (self.scheduler, self.task, self.hasHadItsSlice) = (scheduler, task, hasHadItsSlice)
    }

    /// Takes along at most so many of those that wait; a place is taken though its job could not be prepared.
    func takeAlong(most: Int) -> [Member] {
        guard task.company != nil, scheduler.waiters.count > 0 else { return [] }
        return scheduler.takeAlong(with: task, most: most).compactMap { other in
            let companion = other.payload.isWanted ? other.payload.join?() : nil
            guard let companion else {
                scheduler.end(companion: other, took: 0, leader: task)
                return nil
            }
            return Member(companion: companion, task: other)
        }
    }

    /// Ends what a member does in this turn, of which so many seconds were its share; with `isDone` they are what a
    /// request like it takes.
    func end(_ member: Member, took seconds: Double, isDone: Bool = false) {
        scheduler.end(companion: member.task, took: seconds, leader: task, isDone: isDone)
    }

    /// Whether others wait who are to come first: the turn is over when its owner polls.
    var isOver: Bool { scheduler.waiters.count > 0 && hasHadItsSlice() }
}

extension Scheduler.Job {
    /// Whether its answer is still wanted; if not, its client is told.
    fileprivate var isWanted: Bool {
        do throws(ServiceError) {
            try cancellation.checkQuietly()
            return true
        } catch {
            refuse(error)
            return false
        }
    }
}

extension SchedulerCore {
    func takeAlong(with task: Task, most: Int) -> [Task] {
        state.withLock { state in
            let tasks = state.table.takeAlong(with: task, most: most)
            for task in tasks { state.count(-1, task.payload) }
            noteWaiting(&state)
            return tasks
        }
    }

    func end(companion: Task, took seconds: Double, leader: Task, isDone: Bool = false) {
        state.withLock { state in
            state.table.end(companion: companion, took: seconds, leader: leader.id)
            let job = companion.payload
            if isDone { state.estimates.learn(job.kind, units: job.units, seconds: seconds) }
        }
    }
}
