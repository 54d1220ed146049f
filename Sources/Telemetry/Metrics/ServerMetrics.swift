/// The figures of the queue, the connections and the traces on the page for Prometheus.
enum ServerMetrics {
    static func append(
        _ server: ServerFigures?,
        _ load: LoadFigures,
        spans: (sent: Int, dropped: Int)?,
        to page: inout MetricsText
    ) {
        var gauges: [(String, String, Double)] = [
            ("striate_requests_computing", "Requests that have a core.", Double(load.running)),
            ("striate_queue_requests", "Requests that wait for a core.", Double(load.waiting)),
            (
                "striate_queue_predicted_seconds", "Predicted wait of a new request.",
                load.predictedWaitSeconds
            ),
            ("striate_sessions", "Sessions that are held.", Double(load.sessions)),
            (
                "striate_session_bytes", "Bytes that count for sessions.",
                Double(load.sessionBytes)
            ),
        ]
        var counters: [(String, String, Double)] = [
            (
                "striate_joined_batches_total", "Computations of several requests as one.",
                Double(load.joinedBatches)
            ),
            (
                "striate_joined_requests_total",
                "Requests, or their steps, that were computed with others.",
                Double(load.joinedRequests)
            ),
        ]
        if let server {
            gauges += [
                (
                    "striate_requests_in_flight", "Requests not answered yet.",
                    Double(server.requestsInFlight)
                ),
                ("striate_connections", "Open connections.", Double(server.openConnections)),
            ]
            counters.append(
                (
                    "striate_connections_accepted_total", "Connections since the start.",
                    Double(server.acceptedConnections)
                )
            )
        }
        if let spans {
            counters += [
                ("striate_spans_sent_total", "Spans a collector took.", Double(spans.sent)),
                ("striate_spans_dropped_total", "Spans that were lost.", Double(spans.dropped)),
            ]
        }
        for (name, help, value) in gauges { page.single(name, .gauge, help: help, value: value) }
        for (name, help, value) in counters {
            page.single(name, .counter, help: help, value: value)
        }
        if let store = load.store { append(store, to: &page) }
        guard !load.digests.isEmpty else { return }
        page.family(
            "striate_model_info",
            .gauge,
            "The weights of a served model, by their SHA-256."
        )
        for (model, digest) in load.digests.sorted(by: { $0.key < $1.key }) {
            let label = MetricsText.label("digest", digest)
            page.sample("striate_model_info", "\(model.text),\(label)", 1)
        }
    }

    private static func append(_ store: StoreFigures, to page: inout MetricsText) {
        let name = "striate_session_store_requests_total"
        page.family(name, .counter, "Questions to the store of sessions.")
        let results = [
            ("answered", store.answered), ("conflict", store.conflicts), ("failed", store.failed),
        ]
        for (result, count) in results {
            page.sample(name, MetricsText.label("result", result), Double(count))
        }
    }
}
