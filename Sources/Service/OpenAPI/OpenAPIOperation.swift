import Diagrams
import Graph
import Models
import TensorFormats

/// One method of one path as OpenAPI describes it.
struct OpenAPIOperation {
    let route: Route
    let model: Model?
    /// Names of all models.
    let models: [String]
    /// Symbols or steps of the longest sequence.
    let sequenceLimit: Int

    var document: JSON {
        var members: [(String, JSON)] = [
            ("summary", .string(route.summary)), ("operationId", .string(identifier)),
        ]
        if let model { members.append(("tags", [.string(model.name)])) }
        var parameters = OpenAPIForeign.pathParameters(of: route, models: models)
        if let example { parameters.append(example) }
        parameters += route.query.filter(applies).map(parameter)
        if route.placement == .queue { parameters.append(Self.deadline) }
        if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
        if let body { members.append(("requestBody", body)) }
        members.append(("responses", responses))
        return .object(members)
    }

    private var identifier: String {
        let words = route.template.split { "/{}.".contains($0) }.filter { $0 != "model" }
        let name = ([route.method.rawValue.lowercased()] + words.map(String.init))
        return (name + [model?.name].compactMap { $0 }).joined(separator: "_")
    }

    private func parameter(_ key: QueryKey) -> JSON {
        let schema: JSON =
            switch key.kind {
            case .integer(let range):
                [
                    "type": "integer", "minimum": .integer(range.lowerBound),
                    "maximum": .integer(largest(key, range)),
                ]
            case .number(let range):
                [
                    "type": "number", "minimum": .number(range.lowerBound),
                    "maximum": .number(range.upperBound),
                ]
            case .flag: ["type": "boolean", "default": false]
            case .choice(let words): ["type": "string", "enum": .strings(words)]
            case .text: layerNames ?? ["type": "string"]
            }
        return [
            "name": .string(key.name), "in": "query", "description": .string(key.summary),
            "style": "form", "explode": false, "schema": schema,
        ]
    }

    /// The names of the model's examples, where the path ends with one.
    private var example: JSON? {
        guard let model, route.template == ExampleFile.route.template else { return nil }
        return [
            "name": "example", "in": "path", "required": true,
            "schema": [
                "type": "string", "enum": .strings(model.manifest.examples.map(\.name)),
            ],
        ]
    }

    /// A network without steps has no `unfold`.
    private func applies(_ key: QueryKey) -> Bool {
        guard key.name == "unfold", let model else { return true }
        return NetworkOutline(model).isUnfoldable
    }

    /// `top` ends at the number of labels or symbols.
    private func largest(_ key: QueryKey, _ range: ClosedRange<Int>) -> Int {
        guard key.name == "top", let model else { return range.upperBound }
        if model.manifest.task == .nextSymbol,
            case .tokens(_, let vocabulary) = model.manifest.input
        {
            return vocabulary.symbols.count
        }
        return max(1, model.manifest.labels.count)
    }

    private var layerNames: JSON? {
        guard let model else { return nil }
        if route.operation == "kernels" {
            return ["type": "string", "enum": .strings(model.layersWithKernels)]
        }
        // Encode takes one; the others several, separated by commas.
        let name: JSON = ["type": "string", "enum": .strings(model.layers.map(\.name))]
        if route.operation == "encode" { return name }
        return ["type": "array", "items": name, "minItems": 1, "uniqueItems": true]
    }

    private static let deadline: JSON = [
        "name": "X-Request-Timeout-Ms", "in": "header",
        "description": "Milliseconds after which the answer is no longer wanted: 504 then.",
        "schema": ["type": "integer", "minimum": 1, "maximum": 86_400_000],
    ]

    private var body: JSON? {
        guard let model else { return OpenAPIForeign.body(of: route) }
        switch (route.body, model.manifest.input) {
        case (.image, .image(_, let channels, let height, let width)):
            let size = PictureSize(
                channels: channels,
                height: height,
                width: width,
                maximumPixels: 0
            )
            return ["required": true, "content": OpenAPIBodies.picture(size)]
        case (.image, .series(_, let channels, let length)):
            return [
                "required": true,
                "content": OpenAPIBodies.series(channels: channels, length: length),
            ]
        case (.sequence, .tokens(_, let vocabulary)), (.image, .tokens(_, let vocabulary)):
            return [
                "required": true,
                "content": OpenAPIBodies.sequence(vocabulary, keys: keys),
            ]
        case (.sequence, .clock):
            return [
                "required": true,
                "content": OpenAPIBodies.steps(state: model.stateCount, most: sequenceLimit),
            ]
        case (.tree, .tokens(_, let vocabulary)):
            return ["required": true, "content": OpenAPIBodies.tree(model, vocabulary)]
        default: return nil
        }
    }

    private var keys: SequenceReader.Keys {
        switch route.operation {
        case "generate": .options
        case "classify": .several
        default: .none
        }
    }

    /// The kinds of the model's examples, where the route answers with one.
    private var exampleTypes: [(String, JSON)] {
        guard let model, example != nil else { return [] }
        var types: [String] = []
        for type in model.manifest.examples.map(\.format.contentType) where !types.contains(type) {
            types.append(type)
        }
        return types.map { (String($0.prefix { $0 != ";" }), [:]) }
    }

    private var responses: JSON {
        let content =
            exampleTypes
            + route.forms.map { form -> (String, JSON) in
                let type = String(form.rawValue.prefix { $0 != ";" })
                switch form {
                case .json: return (type, ["schema": answerSchema])
                case .npy, .png, .svg: return (type, [:])
                case .csv, .eventStream, .html, .css, .javascript, .prometheus:
                    return (type, ["schema": ["type": "string"]])
                }
            }
        let failure: JSON = [
            "description": "An error: one sentence and a stable code.",
            "content": [
                "application/json": ["schema": ["$ref": "#/components/schemas/Error"]]
            ],
        ]
        return [
            "200": ["description": .string(route.summary), "content": .object(content)],
            "default": failure,
        ]
    }

    private var answerSchema: JSON {
        OpenAPIAnswers.schema(of: route.operation, model: model)
    }
}
