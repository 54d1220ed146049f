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

    private struct ModelOperation: Hashable {
        let model: String
        let operation: String
    }

    private struct State {
        var requests: [RouteStatus: Int] = [:]
        var durations: [String: Histogram] = [:]
        var computing: [String: Histogram] = [:]
        var operations: [ModelOperation: Int] = [:]
        var bytesIn = 0
        var bytesOut = 0
        var server: (@Sendable () -> ServerFigures)?
    }

    private let state: Mutex<State>

    init(routes: [String], models: [String]) {
        var initial = State()
        for route in routes { initial.durations[route] = Histogram() }
        for model in models { initial.computing[model] = Histogram() }
        state = Mutex(initial)
    }

    func connect(_ server: @escaping @Sendable () -> ServerFigures) {
        state.withLock { $0.server = server }
    }

    /// Counts an answered request; `route` is nil for a path that is none.
    func count(_ record: AccessRecord, route: String?) {
        let route = route ?? Self.other
        state.withLock { state in
            state.requests[RouteStatus(route: route, status: record.status.code), default: 0] += 1
            state.durations[route, default: Histogram()].record(record.duration)
            state.bytesIn += record.bytesIn
            state.bytesOut += record.bytesOut
        }
    }

    /// Counts an answer of a model and the time it computed.
    func count(model: String, operation: String, computing: Duration) {
        guard !operation.isEmpty else { return }
        state.withLock { state in
            let key = ModelOperation(model: model, operation: operation)
            state.operations[key, default: 0] += 1
            state.computing[model, default: Histogram()].record(computing)
        }
    }

    /// The page for Prometheus.
    func text(load: Scheduler.Load) -> [UInt8] {
        let state = state.withLock { $0 }
        var page = MetricsText()
        appendRequests(state, to: &page)
        appendModels(state, to: &page)
        appendServer(state.server?(), load, to: &page)
        ProcessFigures.append(to: &page)
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
        let name = "striate_request_duration_seconds"
        page.family(name, .histogram, "From the complete head to the answer.")
        for (route, histogram) in state.durations.sorted(by: { $0.key < $1.key }) {
            histogram.append(to: &page, name: name, labels: MetricsText.label("route", route))
        }
        page.single("striate_bytes_in_total", .counter, "Bytes received.", Double(state.bytesIn))
        page.single("striate_bytes_out_total", .counter, "Bytes sent.", Double(state.bytesOut))
    }

    private func appendModels(_ state: State, to page: inout MetricsText) {
        let name = "striate_compute_seconds"
        page.family(name, .histogram, "Time an answer spent computing in its model.")
        for (model, histogram) in state.computing.sorted(by: { $0.key < $1.key }) {
            histogram.append(to: &page, name: name, labels: MetricsText.label("model", model))
        }
        page.family("striate_model_requests_total", .counter, "Answers of a model.")
        let sorted = state.operations.sorted {
            ($0.key.model, $0.key.operation) < ($1.key.model, $1.key.operation)
        }
        for (key, count) in sorted {
            let model = MetricsText.label("model", key.model)
            let operation = MetricsText.label("operation", key.operation)
            page.sample("striate_model_requests_total", "\(model),\(operation)", Double(count))
        }
    }

    private func appendServer(
        _ server: ServerFigures?,
        _ load: Scheduler.Load,
        to page: inout MetricsText
    ) {
        page.single(
            "striate_requests_computing",
            .gauge,
            "Requests that have a core.",
            Double(load.running)
        )
        page.single(
            "striate_queue_requests",
            .gauge,
            "Requests that wait for a core.",
            Double(load.waiting)
        )
        page.single(
            "striate_queue_predicted_seconds",
            .gauge,
            "Predicted wait of a new request.",
            load.predictedWaitSeconds
        )
        guard let server else { return }
        page.single(
            "striate_requests_in_flight",
            .gauge,
            "Requests not answered yet.",
            Double(server.requestsInFlight)
        )
        page.single(
            "striate_connections",
            .gauge,
            "Open connections.",
            Double(server.openConnections)
        )
        page.single(
            "striate_connections_accepted_total",
            .counter,
            "Connections since the start.",
            Double(server.acceptedConnections)
        )
    }
}
