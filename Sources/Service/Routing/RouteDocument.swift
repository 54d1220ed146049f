import HTTP
import TensorFormats

/// What a document of the interface says of a route beside what the route itself does.
struct RouteDocument: Sendable {
    /// The status of an answer that is no error.
    var success = Status.ok
    /// The schema of its JSON body, and one that it takes.
    var request = Schema.any
    var requestExample: JSON?
    /// The schema of its JSON answer, and one that it gave.
    var answer = Schema.object()
    var answerExample: JSON?
}

/// Schemas in the words of JSON Schema 2020-12.
enum Schema {
    static let any: JSON = [:]
    static let string: JSON = ["type": "string"]
    static let integer: JSON = ["type": "integer"]
    static let number: JSON = ["type": "number"]
    static let flag: JSON = ["type": "boolean"]
    static let numbers = array(of: number)
    static let integers = array(of: integer)
    /// Nested lists, a level for each dimension.
    static let nested: JSON = ["type": "array", "items": [:]]
    /// Bytes of a file.
    static let file: JSON = ["type": "string", "format": "binary"]
    static let probability: JSON = ["type": "number", "minimum": 0, "maximum": 1]

    static func array(of items: JSON) -> JSON { ["type": "array", "items": items] }

    /// An object; `title` names it for those who make types of a document, and of `members` the `required` are always there.
    static func object(
        _ title: String? = nil,
        _ members: [(String, JSON)] = [],
        required: [String] = [],
        isClosed: Bool = false
    ) -> JSON {
        var parts: [(String, JSON)] = [("type", "object")]
        if let title { parts.append(("title", .string(title))) }
        if !required.isEmpty { parts.append(("required", .strings(required))) }
        if !members.isEmpty { parts.append(("properties", .object(members))) }
        if isClosed { parts.append(("additionalProperties", false)) }
        return .object(parts)
    }

    /// The answer of a model: its name and version before the rest.
    static func answer(_ title: String, _ members: [(String, JSON)]) -> JSON {
        object(
            title,
            [("model", string), ("version", string)] + members,
            required: ["model", "version"]
        )
    }

    static let prediction = object(
        "Prediction",
        [("label", string), ("index", integer), ("probability", probability)],
        required: ["label", "index", "probability"]
    )
}
