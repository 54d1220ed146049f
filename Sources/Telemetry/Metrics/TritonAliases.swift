/// The figures of models under the names that dashboards for Triton know; `nv_metrics` turns them off.
enum TritonAliases {
    static func append(
        _ models: [(key: ModelLabel, value: ModelFigures)],
        pending: [ModelLabel: Int],
        to page: inout MetricsText
    ) {
        page.family("nv_inference_request_failure", .counter, "Failed requests.")
        for (model, figures) in models {
            for reason in FailureReason.allCases {
                page.sample(
                    "nv_inference_request_failure",
                    model.text + "," + MetricsText.label("reason", reason.rawValue),
                    Double(figures.failures[reason] ?? 0)
                )
            }
        }
        for (name, help, value) in counters {
            page.family(name, .counter, help)
            for (model, figures) in models { page.sample(name, model.text, value(figures)) }
        }
        let name = "nv_inference_pending_request_count"
        page.family(name, .gauge, "Requests that wait for a core.")
        for (model, _) in models { page.sample(name, model.text, Double(pending[model] ?? 0)) }
    }

    private typealias Counter = (
        name: String, help: String, value: @Sendable (ModelFigures) -> Double
    )

    private static let counters: [Counter] = [
        ("nv_inference_request_success", "Answered requests.", { Double($0.successes) }),
        ("nv_inference_count", "Inputs of answered requests.", { Double($0.inferences) }),
        ("nv_inference_exec_count", "Runs of the model.", { Double($0.successes) }),
        (
            "nv_inference_request_duration_us", "From arrival to answer.",
            { microseconds($0.total) }
        ),
        ("nv_inference_queue_duration_us", "Waiting.", { microseconds($0.spent(in: .queue)) }),
        (
            "nv_inference_compute_input_duration_us", "Decoding.",
            { microseconds($0.spent(in: .decode)) }
        ),
        (
            "nv_inference_compute_infer_duration_us", "Computing.",
            { microseconds($0.spent(in: .compute)) }
        ),
        (
            "nv_inference_compute_output_duration_us", "Encoding.",
            { microseconds($0.spent(in: .encode)) }
        ),
    ]

    private static func microseconds(_ duration: Duration) -> Double {
        (duration.seconds * 1e6).rounded()
    }
}
