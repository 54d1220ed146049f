import Graph
import HTTP
import TensorFormats

/// `GET /v2` and the server's health.
enum ServerState {
    static let routes = [
        Route(
            method: .get,
            template: "/v2",
            summary: "Open Inference Protocol: the server's name, version and extensions.",
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: [
                "name": "striate", "version": "0.1.0",
                "extensions": .strings(extensions),
            ]),
            answer: metadata
        ),
        Route(
            method: .get,
            template: "/v2/health/live",
            summary: "Open Inference Protocol: 200 as long as the server answers.",
            access: .everyone,
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: ["live": true]),
            answer: live
        ),
        Route(
            method: .get,
            template: "/v2/health/ready",
            summary:
                "Open Inference Protocol: 200 when ready, 503 while shutting down or without models.",
            access: .everyone,
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: ["live": true, "ready": true]),
            answer: ready
        ),
    ]

    /// Names of what is spoken beyond the protocol's core.
    static let extensions = [
        "classification", "sequence", "sequence(string_id)", "model_repository",
        "model_repository(unload_dependents)", "schedule_policy", "model_configuration",
        "binary_tensor_data", "parameters", "statistics", "generate",
        "logging", "trace",
    ]

    @Sendable private static func metadata(_ call: inout Call) throws(ServiceError) -> Answer {
        Answer([
            "name": "striate", "version": .string(striateVersion),
            "extensions": .strings(extensions),
        ])
    }

    @Sendable private static func live(_ call: inout Call) throws(ServiceError) -> Answer {
        Answer(["live": true])
    }

    @Sendable private static func ready(_ call: inout Call) throws(ServiceError) -> Answer {
        let isReady = !call.host.phase.isDraining && call.hasModelsOrWaits
        return Answer(
            ["live": true, "ready": .boolean(isReady)],
            status: isReady ? .ok : .serviceUnavailable
        )
    }
}
