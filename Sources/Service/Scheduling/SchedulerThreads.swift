import Compute
import Dispatch
import Synchronization

/// How tasks get threads, keep them while they pause, and give them back.
extension SchedulerCore {
    /// A task whose turn begins, and the thread that computes it: nil for a new one.
    struct Start {
        let task: Task
        let thread: ComputeThread?
        /// Whether that thread pauses in the middle of the task.
        let isPaused: Bool
    }

    /// Threads without a task that are kept for the next.
    private static let mostIdle = 16

    /// Gives tasks whose turn begins their threads.
    func assign(_ tasks: [Task], _ state: inout State) -> [Start] {
        tasks.map { task in
            state.count(-1, task.payload)
            if let thread = state.paused.removeValue(forKey: task.id) {
                return Start(task: task, thread: thread, isPaused: true)
            }
            return Start(task: task, thread: state.idle.popLast(), isPaused: false)
        }
    }

    func launch(_ starts: [Start]) {
        for start in starts { launch(start) }
    }

    private func launch(_ start: Start) {
        if start.isPaused {
            start.thread?.goOn()
        } else {
            (start.thread ?? ComputeThread(self)).run(start.task)
        }
    }

    /// A task has computed for a slice while others wait: they begin who come first; returns whether the task goes on.
    func ask(_ task: Task, on thread: ComputeThread) -> Bool {
        let now = now
        let (goesOn, starts) = state.withLock { state in
            let answer = state.table.ask(task.id, at: now)
            let job = task.payload
            state.estimates.raise(job.kind, units: job.units, toSeconds: answer.used)
            if !answer.goesOn {
                state.paused[task.id] = thread
                state.count(1, job)
            }
            let starts = assign(answer.others, &state)
            noteWaiting(&state)
            return (answer.goesOn, starts)
        }
        launch(starts)
        return goesOn
    }

    /// What a thread does after a task.
    enum Next {
        case compute(Task)
        case wait
        case end
    }

    /// Takes note that a task has ended, and finds its thread another.
    func finish(_ task: Task, isTypical: Bool, _ thread: ComputeThread) -> Next {
        let now = now
        let (next, others) = state.withLock { state -> (Next, [Start]) in
            let (seconds, tasks) = state.table.end(task.id, at: now)
            let job = task.payload
            if isTypical { state.estimates.learn(job.kind, units: job.units, seconds: seconds) }
            // This thread is the best for the first task that has not begun.
            let mine = tasks.first { state.paused[$0.id] == nil }
            let starts = assign(tasks.filter { $0.id != mine?.id }, &state)
            noteWaiting(&state)
            if let mine {
                state.count(-1, mine.payload)
                return (.compute(mine), starts)
            }
            guard state.idle.count < Self.mostIdle, !state.isEnded else { return (.end, starts) }
            state.idle.append(thread)
            return (.wait, starts)
        }
        launch(others)
        return next
    }
}

/// Tasks that do not ask for long: those that decode, parse or pack something large in one piece.
extension SchedulerCore {
    /// Looks without anybody waiting, after which the thread sleeps.
    private static let mostQuiet = 100

    func watch() {
        var quiet = 0
        while true {
            let isOver = quiet < Self.mostQuiet
            let end = isOver ? DispatchTime.now() + slice / 2 : .distantFuture
            _ = watching.wait(timeout: end)
            let now = now
            let starts = state.withLock { state -> [Start]? in
                if state.isEnded { return nil }
                quiet = state.table.waiting > 0 || !isOver ? 0 : quiet + 1
                if quiet >= Self.mostQuiet { state.isWatched = false }
                let starts = assign(state.table.replaceOverdue(at: now), &state)
                waiters.count = state.table.waiting
                return starts
            }
            guard let starts else { return }
            launch(starts)
        }
    }
}
