import Models
import TensorFormats

/// The interface as an OpenAPI 3.1 document; a model's routes stand there under its own name.
struct OpenAPI {
    private let routes: [Route]
    private let models: [Model]
    private let configuration: Configuration

    init(_ routes: [Route], _ call: Call) {
        self.routes = routes
        models = call.host.repository.models
        configuration = call.configuration
    }

    var document: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Striate", "version": .string(striateVersion),
                "description": .string(Self.introduction),
            ],
            "paths": .object(paths),
            "components": ["schemas": .object(Self.schemas + trees)],
        ]
    }

    private static let introduction = """
        Convolutional and recurrent networks over HTTP. Pictures are sent as files, forms, base64 or \
        numbers; results come as JSON, .npy, PNG or CSV, chosen by Accept. Every error is \
        {"error", "code", "request_id"}. X-Request-Timeout-Ms sets a deadline.
        """

    private var paths: [(String, JSON)] {
        var templates: [String] = []
        for route in routes where !templates.contains(route.template) {
            templates.append(route.template)
        }
        return templates.flatMap { template -> [(String, JSON)] in
            let routes = self.routes.filter { $0.template == template }
            // Routes of other protocols are the same for every model.
            guard template.contains("{model}"), routes.allSatisfy({ $0.conventions == .own }) else {
                return [(template, operations(routes, model: nil))]
            }
            return models.filter { model in
                routes.allSatisfy { route in
                    route.operation.isEmpty || model.manifest.operations.contains(route.operation)
                } && !(template == ExampleFile.route.template && model.manifest.examples.isEmpty)
            }.map { model in
                let path = template.split(separator: "/").map {
                    $0 == "{model}" ? model.name : String($0)
                }
                return ("/" + path.joined(separator: "/"), operations(routes, model: model))
            }
        }
    }

    private func operations(_ routes: [Route], model: Model?) -> JSON {
        .object(
            routes.map { route in
                let operation = OpenAPIOperation(
                    route: route,
                    model: model,
                    models: self.models.map(\.name),
                    sequenceLimit: configuration.sequenceLimit
                )
                return (route.method.rawValue.lowercased(), operation.document)
            }
        )
    }

    /// How trees are written, for each model that reads some.
    private var trees: [(String, JSON)] {
        models.compactMap { model in
            guard model.manifest.task == .treeClassification,
                case .tokens(_, let vocabulary) = model.manifest.input
            else { return nil }
            return (OpenAPISchemas.treeName(model), OpenAPISchemas.tree(model, vocabulary))
        }
    }

    private static let schemas: [(String, JSON)] = [
        ("InferRequest", OpenAPIForeign.inferRequest),
        (
            "Error",
            [
                "type": "object", "required": ["error", "code", "request_id"],
                "properties": [
                    "error": ["type": "string", "description": "One sentence to act on."],
                    "code": ["type": "string", "description": "Stable, in snake_case."],
                    "request_id": ["type": "string"], "field": ["type": "string"],
                    "expected": ["type": "string"], "got": ["type": "string"],
                ],
            ]
        ),
        (
            "Probability",
            [
                "type": "object",
                "properties": [
                    "index": ["type": "integer"],
                    "probability": ["type": "number", "minimum": 0, "maximum": 1],
                ],
            ]
        ),
    ]
}
