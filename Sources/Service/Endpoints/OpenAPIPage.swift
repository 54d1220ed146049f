/// `GET /openapi.json`: this interface described with the loaded models' real names and shapes.
enum OpenAPIPage {
    static let route = Route(
        method: .get,
        template: "/openapi.json",
        summary: "This document.",
        isRevalidated: true,
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        Answer(OpenAPI(call.service).document)
    }
}
