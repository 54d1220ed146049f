import Models
import TensorFormats

/// The interface as an OpenAPI 3.1 document, made of the route table: a path for each route, whatever models there are.
struct OpenAPI {
    private let routes: [Route]
    private let models: [Model]

    init(_ routes: [Route], _ call: Call) {
        self.routes = routes
        models = call.host.repository.models
    }

    var document: JSON {
        var components = SchemaComponents()
        let paths = components.collect(.object(paths))
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Striate", "version": .string(striateVersion),
                "description": .string(Self.introduction),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(OpenAPIOperation.tags),
            "security": [[:], ["bearer": []], ["key": []]],
            "paths": paths,
            "components": [
                "schemas": .object(components.schemas + [("Error", OpenAPIErrors.schema)]),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"],
                    "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                ],
            ],
        ]
    }

    private static let introduction = """
        Convolutional and recurrent networks over HTTP. Pictures are sent as files, forms, base64 or \
        numbers; results come as JSON, .npy, PNG or CSV, chosen by Accept. Every error is \
        {"error", "code", "request_id"}. X-Request-Timeout-Ms sets a deadline. GET /models says what each model takes.
        """

    private var paths: [(String, JSON)] {
        var templates: [String] = []
        for route in routes where !templates.contains(route.template) {
            templates.append(route.template)
        }
        return templates.map { template in
            let operations = routes.filter { $0.template == template }.map { route in
                (
                    route.method.rawValue.lowercased(),
                    OpenAPIOperation(route: route, models: models).document
                )
            }
            return (template, .object(operations))
        }
    }
}
