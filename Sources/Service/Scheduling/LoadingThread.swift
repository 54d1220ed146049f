import Threads
import Dispatch
import Glibc
import Synchronization

/// The threads that look at models' folders and wait for loads: one that does so again and again, and a few for what
/// clients ask for, so that a load which hangs holds up no other.
///
/// Loading itself is done by the repository, as many at once as it is told.
final class LoadingThread: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: [Job] = []
        /// Threads that do them.
        var workers = 0
        var isEnded = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let ended = DispatchSemaphore(value: 0)
    }

    private let shared = Shared()

    /// Jobs done at once.
    static let most = 8

    deinit {
        shared.state.withLock { $0.isEnded = true }
        shared.ended.signal()
    }

    /// Runs the job after those that wait already.
    func run(_ job: @escaping Job) {
        let isShort = shared.state.withLock { state in
            state.jobs.append(job)
            guard state.workers < Self.most else { return false }
            state.workers += 1
            return true
        }
        guard isShort else { return }
        startThread { [shared] in
            while let job = Self.next(shared) { job() }
        }
    }

    /// The next job; nil ends the thread.
    private static func next(_ shared: Shared) -> Job? {
        shared.state.withLock { state in
            guard !state.jobs.isEmpty, !state.isEnded else {
                state.workers -= 1
                return nil
            }
            return state.jobs.removeFirst()
        }
    }

    /// Runs the job with a pause of so many milliseconds before each run.
    func `repeat`(every milliseconds: Int, _ job: @escaping Job) {
        startThread { [shared] in
            while true {
                let pause = DispatchTime.now() + .milliseconds(milliseconds)
                if shared.ended.wait(timeout: pause) == .success {
                    shared.ended.signal()
                    return
                }
                job()
            }
        }
    }
}
