import Compute
import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The one thread that loads models, one after the other and at a low priority, so that serving hardly feels it.
final class LoadingThread: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        /// What to do again and again, and the pause between.
        var repeated: (job: Job, milliseconds: Int)?
        var isEnded = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let arrived = DispatchSemaphore(value: 0)
    }

    private let shared = Shared()

    init() {
        let shared = shared
        Thread.detachNewThread { Self.work(shared) }
    }

    deinit {
        shared.state.withLock { $0.isEnded = true }
        shared.arrived.signal()
    }

    /// Runs the job after those that wait already.
    func run(_ job: @escaping Job) {
        shared.state.withLock { $0.jobs.append(job) }
        shared.arrived.signal()
    }

    /// Runs the job with a pause of so many milliseconds after each run.
    func `repeat`(every milliseconds: Int, _ job: @escaping Job) {
        shared.state.withLock { $0.repeated = (job, milliseconds) }
        shared.arrived.signal()
    }

    private static func work(_ shared: Shared) {
        // Linux takes this for the calling thread only. A tenth of a core is left to it even when all are busy: with the
        // lowest priority of all a loaded server would hardly ever finish.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        workAlone()
        while true {
            let pause = shared.state.withLock { $0.repeated?.milliseconds }
            let end = pause.map { DispatchTime.now() + .milliseconds($0) } ?? .distantFuture
            let isOver = shared.arrived.wait(timeout: end) == .timedOut
            let (job, isEnded) = shared.state.withLock { state -> (Job?, Bool) in
                if isOver { return (state.repeated?.job, state.isEnded) }
                return (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isEnded)
            }
            if isEnded { return }
            if let job { aloneOnCore(job) }
        }
    }
}
