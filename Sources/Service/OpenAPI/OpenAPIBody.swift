import TensorFormats

/// The body of a route as OpenAPI describes it.
struct OpenAPIBody {
    private let route: Route

    init(_ route: Route) {
        self.route = route
    }

    /// nil for a route without a body.
    var document: JSON? {
        let content: [(String, JSON)]
        switch route.body {
        case .none: return nil
        case .image: content = pictures
        case .sequence where route.conventions == .own:
            content = [("application/json", json), ("text/plain", ["schema": Schema.string])]
        case .sequence, .tree, .document: content = [("application/json", json)]
        case .tensors where route.conventions == .openInference:
            content = [("application/json", json), ("application/octet-stream", Self.file)]
        case .tensors: content = [("application/json", json)]
        }
        return [
            "required": .boolean(route.body != .document), "content": .object(content),
        ]
    }

    private static let file: JSON = ["schema": Schema.file]

    private var json: JSON {
        let schema: [(String, JSON)] = [("schema", route.document.request)]
        let example = route.document.requestExample.map { [("example", $0)] } ?? []
        return .object(schema + example)
    }

    /// The forms a picture is sent in, and on some routes a series or a sequence.
    private var pictures: [(String, JSON)] {
        let form: JSON = [
            "schema": [
                "type": "object", "title": "Pictures",
                "description": "One or several files: a batch.",
                "properties": ["image": Schema.file],
                "additionalProperties": Schema.file,
            ]
        ]
        return [
            ("application/octet-stream", Self.file), ("image/png", Self.file),
            ("image/jpeg", Self.file), ("multipart/form-data", form), ("application/json", json),
            ("application/x-npy", Self.file), ("text/csv", ["schema": Schema.string]),
            ("text/plain", ["schema": Schema.string]),
        ]
    }
}
