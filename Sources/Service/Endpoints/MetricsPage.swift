/// `GET /metrics`: figures for Prometheus.
enum MetricsPage {
    static let route = Route(
        method: .get,
        template: "/metrics",
        summary: "Requests, times and memory in Prometheus' text format 0.0.4.",
        access: .metrics,
        forms: [.prometheus],
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let service = call.service
        let text = service.metrics.text(
            load: service.scheduler.load,
            spans: service.tracer?.exporter.counts,
            hasAliases: service.configuration.nvMetrics
        )
        return Answer(.prometheus, body: text)
    }
}
