import TensorFormats

/// The schemas of a document that have a title, each once: types with a name for those who make a client.
struct SchemaComponents {
    private(set) var schemas: [(String, JSON)] = []

    /// The value with a reference in the place of every object that has a title and a type.
    mutating func collect(_ value: JSON) -> JSON {
        switch value {
        case .array(let items): return .array(items.map { collect($0) })
        case .object(let members):
            let collected = JSON.object(members.map { ($0.0, collect($0.1)) })
            guard let title = Self.text("title", members), Self.text("type", members) == "object"
            else { return collected }
            if !schemas.contains(where: { $0.0 == title }) { schemas.append((title, collected)) }
            return ["$ref": .string("#/components/schemas/\(title)")]
        default: return value
        }
    }

    private static func text(_ key: String, _ members: [(String, JSON)]) -> String? {
        guard case .string(let text) = members.first(where: { $0.0 == key })?.1 else { return nil }
        return text
    }
}
