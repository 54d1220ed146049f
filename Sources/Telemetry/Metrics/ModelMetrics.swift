/// The figures of models on the page for Prometheus.
enum ModelMetrics {
    static func append(
        _ models: [(key: ModelLabel, value: ModelFigures)],
        to page: inout MetricsText
    ) {
        let series = models.flatMap { model, figures in
            figures.routes.sorted { $0.key < $1.key }.map { route, figures in
                (labels: "\(model.text),\(MetricsText.label("route", route))", figures: figures)
            }
        }
        var name = "striate_compute_seconds"
        page.family(name, .histogram, "Time an answer spent computing in its model.")
        for (labels, figures) in series {
            figures.computing.append(to: &page, name: name, labels: labels)
        }
        name = "striate_queue_seconds"
        page.family(name, .histogram, "Time an answered request of the model waited for a core.")
        for (labels, figures) in series {
            figures.queueing.append(to: &page, name: name, labels: labels)
        }
        name = "striate_inferences_total"
        page.family(name, .counter, "Inputs in answered requests of a model.")
        for (labels, figures) in series {
            page.sample(name, labels, Double(figures.inferences))
        }
    }

    /// What `striate_requests_total` and `striate_errors_total` say by labels of models and routes.
    static func appendEarlierNames(
        _ models: [(key: ModelLabel, value: ModelFigures)],
        to page: inout MetricsText
    ) {
        var name = "striate_model_requests_total"
        page.family(name, .counter, "Answers of a model.")
        for (model, figures) in models {
            let answers = figures.routes.values.map { ($0.operation, $0.answers) }
            let operations = [String: Int](answers, uniquingKeysWith: +)
            for (operation, count) in operations.sorted(by: { $0.key < $1.key }) {
                let label = MetricsText.label("operation", operation)
                page.sample(name, "\(model.text),\(label)", Double(count))
            }
        }
        name = "striate_model_failures_total"
        page.family(name, .counter, "Requests of a model that were not answered.")
        for (model, figures) in models {
            for reason in FailureReason.allCases {
                let label = MetricsText.label("reason", reason.rawValue.lowercased())
                page.sample(name, "\(model.text),\(label)", Double(figures.failures[reason] ?? 0))
            }
        }
    }
}
