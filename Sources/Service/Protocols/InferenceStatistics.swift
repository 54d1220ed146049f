import Foundation
import Graph
import Models
import Synchronization

/// Counts and times of every served model, as the statistics extension reports them.
final class InferenceStatistics: Sendable {
    /// How often something happened and how long it took together.
    struct Total: Sendable, Equatable {
        var count = 0
        var nanoseconds = 0

        mutating func add(_ duration: Duration, times: Int = 1) {
            count += times
            nanoseconds += Int(duration / .nanoseconds(1))
        }
    }

    struct Batch: Sendable {
        var input = Total()
        var compute = Total()
        var output = Total()
    }

    struct Figures: Sendable {
        var success = Total()
        var fail = Total()
        var queue = Total()
        var input = Total()
        var compute = Total()
        var output = Total()
        /// Rows of all answered requests together.
        var rows = 0
        var executions = 0
        /// Milliseconds since 1970 at which the last answer was ready.
        var lastMilliseconds = 0
        var batches: [Int: Batch] = [:]
    }

    private struct Key: Hashable {
        let model: String
        let version: String
    }

    /// Sizes of batches told apart; others count as the largest of these.
    private static let mostBatchSizes = 64

    private let figures = Mutex<[Key: Figures]>([:])

    /// Notes an answered or failed request of a model.
    func record(_ model: Model, _ stopwatch: Stopwatch, rows: Int, isSuccess: Bool) {
        let phases = Stopwatch.Phase.allCases
        let whole = phases.reduce(Duration.zero) { $0 + stopwatch.duration(of: $1) }
        let key = Key(model: model.name, version: model.version)
        figures.withLock { all in
            var figures = all[key] ?? Figures()
            defer { all[key] = figures }
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
    func figures(model: String, version: String) -> Figures {
        figures.withLock { $0[Key(model: model, version: version)] ?? Figures() }
    }

    /// Forgets versions that are not served any more.
    func keep(_ models: [Model]) {
        let keys = Set(models.map { Key(model: $0.name, version: $0.version) })
        figures.withLock { $0 = $0.filter { keys.contains($0.key) } }
    }
}
