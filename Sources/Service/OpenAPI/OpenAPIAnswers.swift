import Compute
import Graph
import Models
import TensorFormats

/// The JSON answers of the models' routes as OpenAPI describes them.
enum OpenAPIAnswers {
    static func schema(of operation: String, model: Model?) -> JSON {
        guard let model else { return ["type": "object"] }
        let properties: [(String, JSON)] =
            switch operation {
            case "classify": [("predictions", predictions(model))]
            case "features": [("layers", layers(model))]
            case "next": [("next", symbols(model)), ("position", integer)]
            case "score":
                [
                    ("losses", numbers), ("total", number), ("bits_per_symbol", number),
                    ("perplexity", number),
                ]
            case "generate": [("text", string), ("tokens", numbers), ("seed", integer)]
            case "encode": [("layer", string), ("shape", numbers), ("state", numbers)]
            case "tree":
                [
                    ("predictions", predictions(model)), ("leaves", integer),
                    ("compositions", integer), ("height", integer),
                ]
            case "kernels":
                [("layer", string), ("shape", numbers), ("data", ["type": "array"])]
            case "graph":
                [("kind", string), ("nodes", ["type": "array"]), ("edges", ["type": "array"])]
            default: []
            }
        let common: [(String, JSON)] = [
            (operation.isEmpty ? "name" : "model", ["const": .string(model.name)]),
            ("version", ["const": .string(model.version)]),
        ]
        return ["type": "object", "properties": .object(common + properties)]
    }

    private static let integer: JSON = ["type": "integer"]
    private static let number: JSON = ["type": "number"]
    private static let string: JSON = ["type": "string"]
    private static let numbers: JSON = ["type": "array", "items": ["type": "number"]]

    private static func predictions(_ model: Model) -> JSON {
        let label: JSON = ["type": "string", "enum": .strings(model.manifest.labels)]
        return ["type": "array", "items": entry("label", label)]
    }

    private static func symbols(_ model: Model) -> JSON {
        guard case .tokens(_, let vocabulary) = model.manifest.input else { return [:] }
        let symbol: JSON = ["type": "string", "enum": .strings(vocabulary.symbols)]
        let list: JSON = ["type": "array", "items": entry("symbol", symbol)]
        // With all=true, a list for every step.
        return ["anyOf": [list, ["type": "array", "items": list]]]
    }

    private static func entry(_ name: String, _ schema: JSON) -> JSON {
        [
            "allOf": [["$ref": "#/components/schemas/Probability"]],
            "properties": .object([(name, schema)]),
        ]
    }

    /// Each layer under its name, with its shape.
    private static func layers(_ model: Model) -> JSON {
        let properties = model.layers.map { layer -> (String, JSON) in
            (
                layer.name,
                [
                    "type": "object",
                    "description": .string("\(layer.op), \(layer.outputShape)"),
                    "properties": ["shape": numbers, "data": ["type": "array"]],
                ]
            )
        }
        return ["type": "object", "properties": .object(properties)]
    }
}
