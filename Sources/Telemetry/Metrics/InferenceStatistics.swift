import FoundationEssentials
import Synchronization

/// Counts and times of every served model, as the statistics extension reports them.
public final class InferenceStatistics: Sendable {
    /// How often something happened and how long it took together.
    public struct Total: Sendable, Equatable {
        public var count = 0
        public var nanoseconds = 0

        public init() {}

        mutating func add(_ duration: Duration, times: Int = 1) {
            count += times
            nanoseconds += Int(duration / .nanoseconds(1))
        }
    }

    public struct Batch: Sendable {
        public var input = Total()
        public var compute = Total()
        public var output = Total()
    }

    public struct Figures: Sendable {
        public var success = Total()
        public var fail = Total()
        public var queue = Total()
        public var input = Total()
        public var compute = Total()
        public var output = Total()
        /// Rows of all answered requests together.
        public var rows = 0
        public var executions = 0
        /// Milliseconds since 1970 at which the last answer was ready.
        public var lastMilliseconds = 0
        public var batches: [Int: Batch] = [:]
    }

    /// Sizes of batches told apart; others count as the largest of these.
    private static let mostBatchSizes = 64

    private let figures = Mutex<[ModelLabel: Figures]>([:])

    /// Notes an answered or failed request of a model.
    func record(_ model: ModelLabel, _ stopwatch: Stopwatch, rows: Int, isSuccess: Bool) {
        let phases = Stopwatch.Phase.allCases
        let whole = phases.reduce(Duration.zero) { $0 + stopwatch.duration(of: $1) }
        figures.withLock { all in
            var figures = all[model] ?? Figures()
            defer { all[model] = figures }
            guard isSuccess else { return figures.fail.add(whole) }
            figures.success.add(whole)
            figures.queue.add(stopwatch.duration(of: .queue))
            figures.input.add(stopwatch.duration(of: .decode))
            figures.compute.add(stopwatch.duration(of: .compute))
            figures.output.add(stopwatch.duration(of: .encode))
            figures.rows += rows
            figures.executions += 1
            figures.lastMilliseconds = Int(Date().timeIntervalSince1970 * 1000)
            guard figures.batches.count < Self.mostBatchSizes || figures.batches[rows] != nil
            else { return }
            figures.batches[rows, default: Batch()].input.add(stopwatch.duration(of: .decode))
            figures.batches[rows, default: Batch()].compute.add(stopwatch.duration(of: .compute))
            figures.batches[rows, default: Batch()].output.add(stopwatch.duration(of: .encode))
        }
    }

    /// What is known of a model's version; zeros when nothing came yet.
    public func figures(of model: ModelLabel) -> Figures {
        figures.withLock { $0[model] ?? Figures() }
    }

    /// Forgets versions that are not served any more.
    public func keep(_ models: Set<ModelLabel>) {
        figures.withLock { $0 = $0.filter { models.contains($0.key) } }
    }
}
