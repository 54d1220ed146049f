import Synchronization

/// Counts what a server does.
///
/// Labels come from the route table and the loaded models only: clients cannot add series.
public final class Metrics: Sendable {
    /// What a request asked of a model, and what became of it.
    public struct ModelCall: Sendable {
        public var model: ModelLabel
        /// The path's pattern.
        public var route: String
        public var operation: String
        /// Inputs the answer was computed for.
        public var inferences: Int
        public var stopwatch: Stopwatch
        /// nil where it was answered.
        public var failure: FailureReason?
        /// Whether the statistics of the Open Inference Protocol count it.
        public var isInference: Bool

        public init(
            model: ModelLabel,
            route: String,
            operation: String,
            inferences: Int,
            stopwatch: Stopwatch,
            failure: FailureReason?,
            isInference: Bool
        ) {
            (self.model, self.route, self.operation) = (model, route, operation)
            (self.inferences, self.stopwatch, self.failure) = (inferences, stopwatch, failure)
            self.isInference = isInference
        }
    }

    private struct State {
        var requests = RequestFigures()
        var models: [ModelLabel: ModelFigures] = [:]
        var server: (@Sendable () -> ServerFigures)?
    }

    /// What the protocol of others reports of each model.
    public let statistics = InferenceStatistics()
    private let version: String
    private let state: Mutex<State>

    /// Figures of a server of this version, whose series of `models` are there from the start.
    public init(version: String, models: [ModelLabel]) {
        self.version = version
        var initial = State()
        for model in models { initial.models[model] = ModelFigures() }
        state = Mutex(initial)
    }

    /// Has the series of these routes on the page before anybody asks.
    public func begin(routes: [String]) {
        state.withLock { $0.requests.begin(routes) }
    }

    /// Connects the figures only the server knows.
    public func connect(_ server: @escaping @Sendable () -> ServerFigures) {
        state.withLock { $0.server = server }
    }

    /// Counts an answered request of a model, if it was of one that is served.
    public func count(_ request: AnsweredRequest, model: ModelLabel?) {
        state.withLock { $0.requests.count(request, model: model) }
    }

    /// Counts what a model was asked for and where the time went.
    public func count(_ call: ModelCall) {
        state.withLock { state in
            var figures = state.models[call.model] ?? ModelFigures()
            // Not counted in a copy.
            state.models[call.model] = nil
            if let failure = call.failure {
                figures.failures[failure, default: 0] += 1
            } else {
                figures.countSuccess(call)
            }
            state.models[call.model] = figures
        }
        guard call.isInference else { return }
        statistics.record(
            call.model,
            call.stopwatch,
            rows: call.inferences,
            isSuccess: call.failure == nil
        )
    }

    /// What the requests of a model have come to.
    public func figures(of model: ModelLabel) -> ModelFigures? {
        state.withLock { $0.models[model] }
    }

    /// The page for Prometheus, with `hasAliases` also under the names of Triton and of earlier versions.
    public func text(
        load: LoadFigures,
        spans: (sent: Int, dropped: Int)?,
        hasAliases: Bool
    ) -> [UInt8] {
        let state = state.withLock { $0 }
        let models = state.models.sorted { $0.key < $1.key }
        var page = MetricsText()
        state.requests.append(to: &page)
        ModelMetrics.append(models, to: &page)
        ServerMetrics.append(state.server?(), load, spans: spans, to: &page)
        ProcessFigures.append(version: version, to: &page)
        if hasAliases {
            ModelMetrics.appendEarlierNames(models, to: &page)
            TritonAliases.append(models, pending: load.waitingByModel, to: &page)
        }
        return page.bytes
    }
}
