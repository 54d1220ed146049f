import Graph
import HTTP
import Models
import TensorFormats

/// `GET /healthz`: whether requests should be sent here.
enum Health {
    static let route = Route(
        method: .get,
        template: "/healthz",
        summary: "200 when ready, 503 while the server is shutting down or has no model to serve.",
        access: .everyone,
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        answer: Schema.object(
            "Health",
            [("status", Schema.string), ("models", Schema.array(of: Schema.string))],
            required: ["status"]
        ),
        answerExample: ["status": "ready", "models": ["fashion", "scripture"]]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        guard !call.host.phase.isDraining else {
            var answer = Answer(["status": "draining"], status: .serviceUnavailable)
            answer.headers.append(("Retry-After", "1"))
            return answer
        }
        let names = call.host.repository.models.map(\.name)
        guard call.hasModelsOrWaits else {
            return Answer(["status": "no_models", "models": []], status: .serviceUnavailable)
        }
        return Answer(["status": "ready", "models": .strings(names)])
    }
}
