import HTTP
import Telemetry
import TensorFormats

/// The logging and trace extensions: their settings can be read; they are changed by the configuration only.
enum SettingsPages {
    static let routes =
        routes("/v2/logging", "logs", example: logsExample, logging)
        + routes("/v2/trace/setting", "traces", example: tracesExample, tracing)
        + routes(
            "/v2/models/{model}/trace/setting",
            "traces of a model",
            example: tracesExample,
            tracing
        )

    private static let logsExample: JSON = [
        "log_file": "", "log_info": true, "log_warning": true, "log_error": true,
        "log_verbose_level": 0, "log_format": "ISO8601",
    ]
    private static let tracesExample: JSON = [
        "trace_file": "", "trace_level": ["OFF"], "trace_rate": "1", "trace_count": "-1",
        "log_frequency": "0",
    ]

    private typealias Page = @Sendable (_ call: Call) -> JSON

    private static func routes(
        _ template: String,
        _ what: String,
        example: JSON,
        _ page: @escaping Page
    ) -> [Route] {
        [
            Route(
                method: .get,
                template: template,
                summary: "Open Inference Protocol: the settings of \(what).",
                forms: [],
                conventions: .openInference,
                document: RouteDocument(answerExample: example),
                answer: { (call) throws(ServiceError) in Answer(page(call)) }
            ),
            Route(
                method: .post,
                template: template,
                summary:
                    "Open Inference Protocol: refused, settings are changed by the configuration.",
                body: .document,
                access: .administrators,
                forms: [],
                conventions: .openInference,
                document: RouteDocument(
                    request: Schema.object(),
                    requestExample: [:],
                    answerExample: example
                ),
                answer: { (call) throws(ServiceError) in
                    var isChange = false
                    try call.document { (_, _) throws(JSONError) in isChange = true }
                    guard !isChange else {
                        throw .invalidValue(
                            field: "settings",
                            expected: "an empty body: log_level, log_format, otlp_endpoint and "
                                + "trace_percent of the configuration say them",
                            got: "a change"
                        )
                    }
                    return Answer(page(call))
                }
            ),
        ]
    }

    /// Errors are always logged, to the standard error output.
    private static func logging(_ call: Call) -> JSON {
        let configuration = call.configuration
        let level = LogLevel.allCases.firstIndex(of: configuration.logLevel) ?? 0
        func shows(_ other: LogLevel) -> JSON {
            .boolean(level <= LogLevel.allCases.firstIndex(of: other) ?? 0)
        }
        return [
            "log_file": "", "log_info": shows(.info), "log_warning": shows(.warning),
            "log_error": shows(.error),
            "log_verbose_level": .integer(max(0, 2 - level)), "log_format": "ISO8601",
        ]
    }

    /// Times are traced where a collector is named, of one request in so many.
    private static func tracing(_ call: Call) -> JSON {
        let configuration = call.configuration
        let percent = configuration.tracePercent
        let isOn = !configuration.otlpEndpoint.isEmpty && percent > 0
        return [
            "trace_file": "", "trace_level": .strings([isOn ? "TIMESTAMPS" : "OFF"]),
            "trace_rate": .string(String(percent > 0 ? max(1, 100 / percent) : 0)),
            "trace_count": "-1", "log_frequency": "0",
        ]
    }
}
