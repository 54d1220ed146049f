/// `GET /metrics`: figures for Prometheus.
enum MetricsPage {
    /// `page` writes the figures, if wished under other servers' names too.
    static func route(_ page: @escaping @Sendable (_ hasAliases: Bool) -> [UInt8]) -> Route {
        Route(
            method: .get,
            template: "/metrics",
            summary: "Requests, times and memory in Prometheus' text format 0.0.4.",
            access: .metrics,
            forms: [.prometheus],
            answer: { (call) throws(ServiceError) in
                Answer(.prometheus, body: page(call.configuration.nvMetrics))
            }
        )
    }
}
