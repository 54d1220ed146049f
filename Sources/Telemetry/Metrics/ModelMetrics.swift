/// The figures of models on the page for Prometheus.
enum ModelMetrics {
    static func append(
        _ models: [(key: ModelLabel, value: ModelFigures)],
        to page: inout MetricsText
    ) {
        var name = "striate_compute_seconds"
        page.family(name, .histogram, "Time an answer spent computing in its model.")
        for (model, figures) in models {
            figures.computing.append(to: &page, name: name, labels: model.text)
        }
        name = "striate_queue_seconds"
        page.family(name, .histogram, "Time an answered request of the model waited for a core.")
        for (model, figures) in models {
            figures.queueing.append(to: &page, name: name, labels: model.text)
        }
        name = "striate_inferences_total"
        page.family(name, .counter, "Inputs in answered requests of a model.")
        for (model, figures) in models {
            page.sample(name, model.text, Double(figures.inferences))
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
            for (operation, count) in figures.operations.sorted(by: { $0.key < $1.key }) {
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
