/// A model's version, as metrics label it.
public struct ModelLabel: Hashable, Comparable, Sendable {
    public let name: String
    public let version: String

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    public static func < (first: ModelLabel, second: ModelLabel) -> Bool {
        (first.name, first.version) < (second.name, second.version)
    }

    /// As between the braces of a sample.
    var text: String {
        MetricsText.label("model", name) + "," + MetricsText.label("version", version)
    }
}

/// Why a model did not answer, in the words of Triton's metrics.
public enum FailureReason: String, Sendable, CaseIterable {
    /// The queue was full or the deadline out of reach.
    case rejected = "REJECTED"
    /// The client went away, its deadline passed, or it computed for as long as it may.
    case canceled = "CANCELED"
    /// The model itself failed.
    case backend = "BACKEND"
    /// The request was wrong.
    case other = "OTHER"
}

/// What the requests of one model have come to.
public struct ModelFigures: Sendable {
    /// Answers by operation.
    var operations: [String: Int] = [:]
    var failures: [FailureReason: Int] = [:]
    /// Of answered requests.
    var computing = Histogram()
    var queueing = Histogram()
    public private(set) var successes = 0
    /// Inputs in answered requests.
    public private(set) var inferences = 0
    /// From arrival to answer, and in each phase: of answered requests together.
    private(set) var total = Duration.zero
    private(set) var spent = [Duration](repeating: .zero, count: Stopwatch.Phase.allCases.count)

    mutating func countSuccess(_ operation: String, inferences: Int, _ stopwatch: Stopwatch) {
        operations[operation, default: 0] += 1
        successes += 1
        self.inferences += inferences
        for phase in Stopwatch.Phase.allCases {
            let duration = stopwatch.duration(of: phase)
            spent[phase.rawValue] += duration
            total += duration
        }
        computing.record(stopwatch.duration(of: .compute))
        queueing.record(stopwatch.duration(of: .queue))
    }

    func spent(in phase: Stopwatch.Phase) -> Duration { spent[phase.rawValue] }
}
