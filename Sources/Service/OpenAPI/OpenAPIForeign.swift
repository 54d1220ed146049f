import TensorFormats

/// Other protocols' routes as OpenAPI describes them: the same for every model.
enum OpenAPIForeign {
    static func pathParameters(of route: Route, models: [String]) -> [JSON] {
        guard route.conventions != .own else { return [] }
        return route.template.split(separator: "/").compactMap { part in
            guard case .parameter(let parameter, _) = Segment(part) else { return nil }
            let schema: JSON =
                parameter == .model
                ? ["type": "string", "enum": .strings(models)] : ["type": "string", "minLength": 1]
            return [
                "name": .string(parameter.rawValue), "in": "path", "required": true,
                "schema": schema,
            ]
        }
    }

    static func body(of route: Route) -> JSON? {
        let object: JSON = ["type": "object"]
        return switch route.body {
        case .tensors where route.conventions == .openInference:
            [
                "required": true,
                "content": [
                    "application/json": ["schema": ["$ref": "#/components/schemas/InferRequest"]],
                    "application/octet-stream": [:],
                ],
            ]
        case .tensors, .sequence:
            ["required": true, "content": ["application/json": ["schema": object]]]
        case .document: ["content": ["application/json": ["schema": object]]]
        case .none, .image, .tree: nil
        }
    }

    /// A request of the Open Inference Protocol.
    static let inferRequest: JSON = [
        "type": "object", "required": ["inputs"],
        "properties": [
            "id": ["type": "string"], "parameters": ["type": "object"],
            "inputs": [
                "type": "array", "minItems": 1,
                "items": [
                    "type": "object", "required": ["name", "shape", "datatype"],
                    "properties": [
                        "name": ["type": "string"],
                        "shape": ["type": "array", "items": ["type": "integer", "minimum": 0]],
                        "datatype": [
                            "type": "string", "enum": .strings(Datatype.allCases.map(\.rawValue)),
                        ],
                        "parameters": ["type": "object"], "data": ["type": "array"],
                    ],
                ],
            ],
            "outputs": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["name"],
                    "properties": [
                        "name": ["type": "string"], "parameters": ["type": "object"],
                    ],
                ],
            ],
        ],
    ]
}
