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
}

/// What the requests of one model have come to.
public struct ModelFigures: Sendable {
    /// By the path's pattern.
    var routes: [String: RouteFigures] = [:]
    var failures: [FailureReason: Int] = [:]
    public private(set) var successes = 0
    /// Inputs in answered requests.
    public private(set) var inferences = 0
    /// From arrival to answer, and in each phase: of answered requests together.
    private(set) var total = Duration.zero
    private(set) var spent = [Duration](repeating: .zero, count: Stopwatch.Phase.allCases.count)

    mutating func countSuccess(_ call: Metrics.ModelCall) {
        let stopwatch = call.stopwatch
        var figures = routes[call.route] ?? RouteFigures(operation: call.operation)
        // Not counted in a copy.
        routes[call.route] = nil
        figures.answers += 1
        figures.inferences += call.inferences
        figures.computing.record(stopwatch.duration(of: .compute))
        figures.queueing.record(stopwatch.duration(of: .queue))
        routes[call.route] = figures
        successes += 1
        inferences += call.inferences
        for phase in Stopwatch.Phase.allCases {
            let duration = stopwatch.duration(of: phase)
            spent[phase.rawValue] += duration
            total += duration
        }
    }

    func spent(in phase: Stopwatch.Phase) -> Duration { spent[phase.rawValue] }
}
