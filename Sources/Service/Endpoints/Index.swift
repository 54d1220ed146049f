import Console
import HTTP
import Models
import TensorFormats

/// `GET /`: the console for browsers; for programs, where to go from here.
enum Index {
    static let route = Route(
        method: .get,
        template: "/",
        summary: "The console as a page; what is here, and where its documentation is, as JSON.",
        access: .everyone,
        isRevalidated: true,
        forms: [.json, .html],
        document: RouteDocument(answerExample: [
            "server": "striate 0.1.0", "documentation": "/openapi.json",
            "models": [
                "brackets": [
                    "self": "/models/brackets", "classify": "/models/brackets/classify",
                    "encode": "/models/brackets/encode", "kernels": "/models/brackets/kernels",
                    "explain": "/models/brackets/explain", "graph": "/models/brackets/graph",
                ]
            ], "health": "/healthz", "metrics": "/metrics",
        ]),
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        if call.form == .html { return Answer(.html, body: Console.page) }
        // The page holds no secrets, and a browser sends no key for it; the models' names are the clients'.
        try call.settings.access.check(.clients, call.key)
        return Answer(document(call.host.repository.models))
    }

    private static func document(_ models: [Model]) -> JSON {
        [
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
        ]
    }
}
