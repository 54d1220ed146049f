import Dispatch
import Synchronization

extension Workers {
    /// Does `count` jobs that know nothing of each other, on the calling thread and on what cores are free now.
    ///
    /// `work` is what all of them cost, in multiply–adds or what takes as long.
    public func divide(_ count: Int, work: Int, _ job: @Sendable (Int) -> Void) {
        let helpers = min(enter(work: work, steps: 1), count - 1)
        defer { leave() }
        guard helpers > 0 else {
            for index in 0..<count { job(index) }
            return
        }
        withoutActuallyEscaping(job) { job in
            let jobs = Jobs(count, job)
            let group = DispatchGroup()
            for _ in 0..<helpers { queue.async(group: group) { jobs.work() } }
            jobs.work()
            group.wait()
        }
    }
}

/// Jobs that several threads take one after the other.
private final class Jobs: Sendable {
    private let next = Atomic<Int>(0)
    private let count: Int
    private let job: @Sendable (Int) -> Void

    init(_ count: Int, _ job: @escaping @Sendable (Int) -> Void) {
        (self.count, self.job) = (count, job)
    }

    func work() {
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < count else { return }
            job(index)
        }
    }
}
