import HTTP
import Synchronization

/// Figures only the server knows.
public struct ServerFigures: Sendable {
    public var openConnections: Int
    public var acceptedConnections: Int
    public var requestsInFlight: Int

    public init(openConnections: Int, acceptedConnections: Int, requestsInFlight: Int) {
        self.openConnections = openConnections
        self.acceptedConnections = acceptedConnections
        self.requestsInFlight = requestsInFlight
    }
}

/// Counts what the service does.
///
/// Labels come from the route table and the loaded models only: clients cannot add series.
final class Metrics: Sendable {
    /// Stands for every path that is no route.
    private static let other = "_other"

    private struct RouteStatus: Hashable {
        let route: String
        let status: Int
    }

    private struct State {
        var requests: [RouteStatus: Int] = [:]
        var durations: [String: Histogram] = [:]
        var errors: [String: Int] = [:]
        var models: [ModelLabel: ModelFigures] = [:]
        var bytesIn = 0
        var bytesOut = 0
        var server: (@Sendable () -> ServerFigures)?
    }

    private let state: Mutex<State>

    init(routes: [String], models: [ModelLabel]) {
        var initial = State()
        for route in routes { initial.durations[route] = Histogram() }
        for model in models { initial.models[model] = ModelFigures() }
        state = Mutex(initial)
    }

    func connect(_ server: @escaping @Sendable () -> ServerFigures) {
        state.withLock { $0.server = server }
    }

    /// Counts an answered request; `route` is nil for a path that is none, `code` for what is no error.
    func count(_ record: AccessRecord, route: String?, code: String?) {
        let route = route ?? Self.other
        state.withLock { state in
            state.requests[RouteStatus(route: route, status: record.status.code), default: 0] += 1
            state.durations[route, default: Histogram()].record(record.duration)
            if let code { state.errors[code, default: 0] += 1 }
            state.bytesIn += record.bytesIn
            state.bytesOut += record.bytesOut
        }
    }

    /// Counts an answer of a model and where its time went.
    func countSuccess(
        of model: ModelLabel,
        operation: String,
        inferences: Int,
        _ stopwatch: Stopwatch
    ) {
        state.withLock {
            $0.models[model, default: ModelFigures()].countSuccess(
                operation,
                inferences: inferences,
                stopwatch
            )
        }
    }

    /// Counts a request of a model that got no answer.
    func countFailure(of model: ModelLabel, _ reason: FailureReason) {
        state.withLock {
            $0.models[model, default: ModelFigures()].failures[reason, default: 0] += 1
        }
    }

    /// What the requests of a model have come to.
    func figures(of model: ModelLabel) -> ModelFigures? {
        state.withLock { $0.models[model] }
    }

    /// The page for Prometheus.
    func text(
        load: Scheduler.Load,
        spans: (sent: Int, dropped: Int)?,
        hasAliases: Bool
    ) -> [UInt8] {
        let state = state.withLock { $0 }
        let models = state.models.sorted { $0.key < $1.key }
        var page = MetricsText()
        appendRequests(state, to: &page)
        ModelMetrics.append(models, to: &page)
        ServerMetrics.append(state.server?(), load, spans: spans, to: &page)
        ProcessFigures.append(to: &page)
        if hasAliases { TritonAliases.append(models, pending: load.waitingByModel, to: &page) }
        return page.bytes
    }

    private func appendRequests(_ state: State, to page: inout MetricsText) {
        page.family("striate_requests_total", .counter, "Answered requests.")
        let sorted = state.requests.sorted {
            ($0.key.route, $0.key.status) < ($1.key.route, $1.key.status)
        }
        for (key, count) in sorted {
            let route = MetricsText.label("route", key.route)
            page.sample(
                "striate_requests_total",
                "\(route),status=\"\(key.status)\"",
                Double(count)
            )
        }
        let errors = "striate_errors_total"
        page.family(errors, .counter, "Answers that are errors, by their code.")
        for (code, count) in state.errors.sorted(by: { $0.key < $1.key }) {
            page.sample(errors, MetricsText.label("code", code), Double(count))
        }
        let name = "striate_request_duration_seconds"
        page.family(name, .histogram, "From the complete head to the answer.")
        for (route, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            histogram.append(to: &page, name: name, labels: MetricsText.label("route", route))
        }
        page.single(
            "striate_bytes_in_total",
            .counter,
            help: "Bytes received.",
            value: Double(state.bytesIn)
        )
        page.single(
            "striate_bytes_out_total",
            .counter,
            help: "Bytes sent.",
            value: Double(state.bytesOut)
        )
    }
}
