import Threads
import Dispatch
import Glibc
import Synchronization

/// Commands to a Redis or Valkey server, sent by threads of their own, each with a connection.
///
/// Commands that wait are sent together. They must be such that a second one does no harm: what was sent over a
/// connection that broke is sent once more.
public final class RedisClient: Sendable {
    public typealias Answer = Result<[RedisReply], RedisFault>

    struct Job {
        let commands: [[[UInt8]]]
        /// What all of them are about: it tells which node of a cluster has it.
        let key: [UInt8]
        let deadline: Deadline
        let done: @Sendable (Answer) -> Void
    }

    /// What threads and callers share.
    final class Queue: Sendable {
        private let jobs = Mutex<(waiting: [Job], isEnded: Bool)>(([], false))
        private let signal = DispatchSemaphore(value: 0)
        let cluster = Mutex(ClusterSlots())

        func add(_ job: Job) -> Bool {
            let isTaken = jobs.withLock { jobs in
                guard jobs.waiting.count < RedisClient.mostWaiting else { return false }
                jobs.waiting.append(job)
                return true
            }
            if isTaken { signal.signal() }
            return isTaken
        }

        /// Some jobs, once there are any; none at the end.
        func take(_ most: Int) -> [Job] {
            while true {
                signal.wait()
                let (taken, isEnded) = jobs.withLock { jobs in
                    let taken = Array(jobs.waiting.prefix(most))
                    jobs.waiting.removeFirst(taken.count)
                    return (taken, jobs.isEnded)
                }
                if !taken.isEmpty || isEnded { return taken }
            }
        }

        func end(_ threads: Int) {
            jobs.withLock { $0.isEnded = true }
            for _ in 0..<threads { signal.signal() }
        }
    }

    /// Jobs that wait at most, and that go along with one another.
    static let mostWaiting = 4096
    static let mostTogether = 64

    private let queue = Queue()
    private let threads: Int
    private let milliseconds: Int

    /// - Parameters:
    ///   - address: Where the server, its sentinels or the nodes of its cluster are.
    ///   - connections: Connections, each of a thread.
    ///   - milliseconds: Time for an answer, with waiting and connecting.
    public init(_ address: RedisAddress, connections: Int, milliseconds: Int) {
        (threads, self.milliseconds) = (connections, milliseconds)
        for _ in 0..<connections {
            startThread(named: "store") { [queue] in RedisThread(address, queue).run() }
        }
    }

    deinit { queue.end(threads) }

    /// Sends commands about one key; `done` is called by a thread of the client's, which others wait for.
    public func run(
        _ commands: [[[UInt8]]],
        key: [UInt8],
        done: @escaping @Sendable (Answer) -> Void
    ) {
        let job = Job(
            commands: commands,
            key: key,
            deadline: Deadline(milliseconds: milliseconds),
            done: done
        )
        if !queue.add(job) { done(.failure(.crowded)) }
    }
}
