import Threads
import Compute
import Dispatch

import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Work that may never come back, such as reading from a file system that does not answer: a few at a time, each on a
/// thread of its own, which is left behind when its time is over.
final class LoadQueue: Sendable {
    /// Why work did not end in time.
    enum Failure: Error, Equatable {
        /// It took longer than so many seconds.
        case late(seconds: Int)
        /// So many threads are left behind already.
        case crowded(Int)
    }

    /// Whether somebody still waits for a piece of work.
    final class Attention: Sendable {
        private let isLostFlag = Atomic(false)

        var isLost: Bool { isLostFlag.load(ordering: .relaxed) }

        fileprivate func lose() { isLostFlag.store(true, ordering: .relaxed) }
    }

    private struct Job: Sendable {
        let seconds: Int
        /// Works and returns what is done with the result if somebody still waits for it.
        let work: @Sendable (Attention) -> @Sendable () -> Void
        let fail: @Sendable (Failure) -> Void
        /// Called if the work ends after all, later.
        let isBack: @Sendable () -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var running: [Int: (job: Job, attention: Attention)] = [:]
        var left: [Int: Job] = [:]
        var next = 0
    }

    private let most: Int
    private let isInBackground = Atomic(false)
    private let state = Mutex(State())
    private let timers = DispatchQueue(label: "striate.loads")

    /// Threads left behind, beyond which nothing is begun.
    static let mostLeft = 8

    /// `most` pieces of work are done at once.
    init(most: Int) {
        self.most = max(1, most)
    }

    /// From now on work is done at a low priority and without helpers, so that serving hardly feels it.
    func moveToBackground() {
        isInBackground.store(true, ordering: .relaxed)
    }

    /// Does the work after what waits already; exactly one of `take` and `fail` is called.
    func add<Value: Sendable>(
        seconds: Int,
        _ work: @escaping @Sendable (Attention) -> Value,
        take: @escaping @Sendable (Value) -> Void,
        fail: @escaping @Sendable (Failure) -> Void,
        isBack: @escaping @Sendable () -> Void = {}
    ) {
        let job = Job(
            seconds: seconds,
            work: { attention in
                let value = work(attention)
                return { take(value) }
            },
            fail: fail,
            isBack: isBack
        )
        state.withLock { $0.waiting.append(job) }
        startNext()
    }

    /// Does the work and waits for it.
    func run<Value: Sendable>(
        seconds: Int,
        _ work: @escaping @Sendable (Attention) -> Value,
        isBack: @escaping @Sendable () -> Void = {}
    ) -> Result<Value, Failure> {
        let done = DispatchSemaphore(value: 0)
        let result = Box<Result<Value, Failure>>()
        add(
            seconds: seconds,
            work,
            take: { value in
                result.value.withLock { $0 = .success(value) }
                done.signal()
            },
            fail: { failure in
                result.value.withLock { $0 = .failure(failure) }
                done.signal()
            },
            isBack: isBack
        )
        done.wait()
        return result.value.withLock(\.self) ?? .failure(.late(seconds: seconds))
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private func startNext() {
        while true {
            let (started, refused) = state.withLock { state -> (Int?, Job?) in
                guard state.running.count < most, !state.waiting.isEmpty else { return (nil, nil) }
                let job = state.waiting.removeFirst()
                guard state.left.count < Self.mostLeft else { return (nil, job) }
                state.next += 1
                state.running[state.next] = (job, Attention())
                return (state.next, nil)
            }
            refused?.fail(.crowded(Self.mostLeft))
            if let started { start(started) }
            if started == nil, refused == nil { return }
        }
    }

    private func start(_ number: Int) {
        guard let (job, attention) = state.withLock({ $0.running[number] }) else { return }
        timers.asyncAfter(deadline: .now() + .seconds(job.seconds)) { [weak self] in
            self?.leave(number)
        }
        let isInBackground = isInBackground.load(ordering: .relaxed)
        // As deep as graphs may lie in each other.
        startThread(stackBytes: 8 << 20) { [self] in
            let finish =
                isInBackground ? Self.inBackground { job.work(attention) } : job.work(attention)
            end(number, finish)
        }
    }

    private static func inBackground(
        _ work: () -> @Sendable () -> Void
    ) -> @Sendable () -> Void {
        // Linux takes this for the calling thread only. A tenth of a core is left to it even when all are busy: with the
        // lowest priority of all a loaded server would hardly ever finish.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        workAlone()
        var finish: @Sendable () -> Void = {}
        aloneOnCore { finish = work() }
        return finish
    }

    private func leave(_ number: Int) {
        let left = state.withLock { state -> (job: Job, attention: Attention)? in
            guard let left = state.running.removeValue(forKey: number) else { return nil }
            state.left[number] = left.job
            return left
        }
        guard let left else { return }
        left.attention.lose()
        left.job.fail(.late(seconds: left.job.seconds))
        startNext()
    }

    private func end(_ number: Int, _ finish: @Sendable () -> Void) {
        let (isAwaited, leftJob) = state.withLock { state in
            (
                state.running.removeValue(forKey: number) != nil,
                state.left.removeValue(forKey: number)
            )
        }
        if isAwaited { finish() } else { leftJob?.isBack() }
        startNext()
    }
}
