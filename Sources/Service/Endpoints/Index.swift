import Inference

/// `GET /`: where to go from here.
enum Index {
    static let route = Route(
        method: .get,
        template: "/",
        summary: "What this server is and where its documentation is.",
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let models = call.service.repository.models
        return Answer([
            "server": .string("striate \(striateVersion)"),
            "documentation": "/openapi.json",
            "models": .object(
                models.map { model in
                    let links = model.manifest.operations.map { operation -> (String, JSON) in
                        (operation, .string("/models/\(model.name)/\(operation)"))
                    }
                    return (
                        model.name, .object([("self", .string("/models/\(model.name)"))] + links)
                    )
                }
            ),
            "health": "/healthz", "metrics": "/metrics",
        ])
    }
}
