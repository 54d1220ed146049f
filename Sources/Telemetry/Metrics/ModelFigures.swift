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

/// What the answered requests of one model on one route have come to.
struct RouteFigures: Sendable {
    /// The word that stands for the route in the names of earlier versions.
    let operation: String
    var answers = 0
    /// Inputs.
    var inferences = 0
    var computing = Histogram()
    var queueing = Histogram()

    fileprivate mutating func count(_ call: Metrics.ModelCall) {
        answers += 1
        inferences += call.inferences
        computing.record(call.stopwatch.duration(of: .compute))
        queueing.record(call.stopwatch.duration(of: .queue))
    }
}

/// What the requests of one model have come to.
public struct ModelFigures: Sendable {
    /// By the path's pattern.
    var routes: [String: RouteFigures] = [:]
    var failures: [FailureReason: Int] = [:]
    /// Answered requests.
    var successes: Int { routes.values.reduce(0) { $0 + $1.answers } }
    /// Inputs in them.
    var inferences: Int { routes.values.reduce(0) { $0 + $1.inferences } }
    /// From arrival to answer, and in each phase: of answered requests together.
    private(set) var total = Duration.zero
    private(set) var spent = [Duration](repeating: .zero, count: Stopwatch.Phase.allCases.count)

    mutating func countSuccess(_ call: Metrics.ModelCall) {
        routes[call.route, default: RouteFigures(operation: call.operation)].count(call)
        for phase in Stopwatch.Phase.allCases {
            let duration = call.stopwatch.duration(of: phase)
            spent[phase.rawValue] += duration
            total += duration
        }
    }

    func spent(in phase: Stopwatch.Phase) -> Duration { spent[phase.rawValue] }
}
