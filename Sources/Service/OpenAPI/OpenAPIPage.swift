import TensorFormats

/// `GET /openapi.json`: this interface described with the loaded models' real names and shapes.
enum OpenAPIPage {
    /// The page that describes itself and the `others`.
    static func route(besides others: [Route]) -> Route {
        let itself = route { (_) throws(ServiceError) in Answer([:]) }
        return route { (call) throws(ServiceError) in
            Answer(OpenAPI(others + [itself], call).document)
        }
    }

    private static func route(
        _ answer: @escaping @Sendable (inout Call) throws(ServiceError) -> Answer
    ) -> Route {
        Route(
            method: .get,
            template: "/openapi.json",
            summary: "This document.",
            isRevalidated: true,
            document: RouteDocument(
                answerExample: [
                    "openapi": "3.1.0", "info": ["title": "Striate"], "servers": [["url": "/"]],
                    "security": [], "tags": [], "paths": [:], "components": [:],
                ]
            ),
            answer: answer
        )
    }
}
