import HTTP
import Models
import TensorFormats
import Texts

/// One method of one path as OpenAPI describes it.
struct OpenAPIOperation {
    let route: Route
    let models: [Model]

    var document: JSON {
        var members: [(String, JSON)] = [
            ("operationId", .string(Self.identifier(of: route))), ("tags", [.string(tag)]),
            ("summary", .string(summary)), ("description", .string(description)),
        ]
        if route.access == .everyone { members.append(("security", .array([[:]]))) }
        var parameters = pathParameters + route.query.map(parameter)
        if route.placement == .queue { parameters.append(Self.deadline) }
        if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
        if let body = OpenAPIBody(route).document { members.append(("requestBody", body)) }
        members.append(("responses", responses))
        return .object(members)
    }

    /// The route's own words after its method: `post_model_classify` of `/models/{model}/classify`.
    static func identifier(of route: Route) -> String {
        var words = [route.method.rawValue.lowercased()]
        for part in route.template.split(whereSeparator: { "/.:".contains($0) }) {
            guard part.first == "{" else {
                words.append(String(part))
                continue
            }
            let name = String(part.dropFirst().prefix { $0 != "}" })
            if name == "model", words.last == "models" {
                words[words.count - 1] = "model"
            } else if words.last != name + "s" {
                words.append(name)
            } else {
                words[words.count - 1] = name
            }
        }
        return words.joined(separator: "_")
    }

    private var summary: String {
        let text = route.summary.prefix { !".;:".contains($0) }
        return text.isEmpty ? route.summary : String(text)
    }

    private var description: String {
        let names = models.filter { model in
            !route.operation.isEmpty && model.manifest.operations.contains(route.operation)
        }.map(\.name)
        guard route.conventions == .own, !names.isEmpty else { return route.summary }
        return "\(route.summary) Models that answer it: \(listed(names, "and"))."
    }

    static let tags: [JSON] = [
        ["name": "models", "description": "What is hosted, and what the models answer."],
        ["name": "sessions", "description": "Recurrent states that stay here between requests."],
        ["name": "server", "description": "The server itself: health, figures, pages."],
        ["name": "open-inference", "description": "The Open Inference Protocol, version 2."],
        ["name": "tensorflow-serving", "description": "TensorFlow Serving's REST interface."],
        ["name": "clouds", "description": "What SageMaker and Vertex AI ask of a container."],
    ]

    private var tag: String {
        if route.template.hasPrefix("/v2") { return "open-inference" }
        if route.template.hasPrefix("/v1") { return "tensorflow-serving" }
        if route.conventions != .own { return "clouds" }
        if route.template.hasPrefix("/sessions") { return "sessions" }
        return route.template.hasPrefix("/models") ? "models" : "server"
    }

    private var pathParameters: [JSON] {
        route.template.split(separator: "/").compactMap { part in
            guard case .parameter(let parameter, _) = Segment(part) else { return nil }
            var members: [(String, JSON)] = [
                ("name", .string(parameter.rawValue)), ("in", "path"), ("required", true),
                ("description", .string(Self.meaning(of: parameter))),
                ("schema", ["type": "string", "minLength": 1]),
            ]
            if let example = example(of: parameter) {
                members.append(("example", .string(example)))
            }
            return .object(members)
        }
    }

    private static func meaning(of parameter: Segment.Parameter) -> String {
        switch parameter {
        case .model: "A model's name, as GET /models lists it."
        case .version: "A version of the model."
        case .label: "A version's label; versions have numbers here, so that none is known."
        case .example: "The name of one of the model's examples."
        case .session: "A session's id."
        }
    }

    func example(of parameter: Segment.Parameter) -> String? {
        let model = models.first { model in
            if route.template == ExampleFile.route.template {
                return !model.manifest.examples.isEmpty
            }
            return route.operation.isEmpty || route.conventions != .own
                || model.manifest.operations.contains(route.operation)
        }
        switch parameter {
        case .model: return model?.name
        case .version: return model?.version
        case .label, .session: return nil
        case .example: return model?.manifest.examples.first?.name
        }
    }

    private func parameter(_ key: QueryKey) -> JSON {
        let schema: JSON =
            switch key.kind {
            case .integer(let range):
                [
                    "type": "integer", "minimum": .integer(range.lowerBound),
                    "maximum": .integer(range.upperBound),
                ]
            case .number(let range):
                [
                    "type": "number", "minimum": .number(range.lowerBound),
                    "maximum": .number(range.upperBound),
                ]
            case .flag: ["type": "boolean", "default": false]
            case .choice(let words): ["type": "string", "enum": .strings(words)]
            case .text: Schema.string
            }
        return [
            "name": .string(key.name), "in": "query", "description": .string(key.summary),
            "schema": schema,
        ]
    }

    private static let deadline: JSON = [
        "name": "X-Request-Timeout-Ms", "in": "header",
        "description": "Milliseconds after which the answer is no longer wanted: 504 then.",
        "schema": ["type": "integer", "minimum": 1, "maximum": 86_400_000],
    ]

    private var responses: JSON {
        let content = route.forms.map { form -> (String, JSON) in
            let type = String(form.rawValue.prefix { $0 != ";" })
            switch form {
            case .json: return (type, json)
            case .npy, .png: return (type, ["schema": Schema.file])
            case .csv, .eventStream, .html, .css, .javascript, .prometheus, .svg:
                return (type, ["schema": Schema.string])
            }
        }
        // Other protocols answer JSON; of an example the type is that of its file.
        let isFile = route.conventions == .own && content.isEmpty
        let other: [(String, JSON)] =
            isFile
            ? [("application/octet-stream", ["schema": Schema.file])] : [("application/json", json)]
        let status = route.document.success
        var success: [(String, JSON)] = [("description", .string(summary))]
        if status == .ok || status == .created {
            success.append(("content", .object(content.isEmpty ? other : content)))
        }
        var all: [(String, JSON)] = [(String(status.code), .object(success))]
        if route.isRevalidated {
            all.append(("304", ["description": "What the entity tags of the request name."]))
        }
        return .object(all + OpenAPIErrors.responses(of: route))
    }

    private var json: JSON {
        let schema: [(String, JSON)] = [("schema", route.document.answer)]
        let example = route.document.answerExample.map { [("example", $0)] } ?? []
        return .object(schema + example)
    }
}
