import TensorFormats
import Texts

/// A JSON text as plain values: dictionaries, arrays, texts, Doubles, truth values; nil for null, and for what is no JSON.
func plainJSON(_ text: [UInt8]) -> Any? {
    var reader = JSONReader(text)
    guard let value = try? plainValue(&reader), (try? reader.end()) != nil else { return nil }
    return value
}

private func plainValue(_ reader: inout JSONReader) throws(JSONError) -> Any? {
    switch try reader.peek() {
    case .object:
        var members: [String: Any] = [:]
        try reader.object { (name, reader) throws(JSONError) in
            members[name] = try plainValue(&reader)
        }
        return members
    case .array:
        var elements: [Any] = []
        try reader.array { (_, reader) throws(JSONError) in
            if let element = try plainValue(&reader) { elements.append(element) }
        }
        return elements
    case .string: return try reader.string()
    case .number: return try reader.double()
    case .boolean: return try reader.boolean()
    default:
        try reader.skip()
        return nil
    }
}

/// Plain values as a JSON text for people: a member a line, by name.
func prettyJSON(_ value: Any, indent: String = "") -> String {
    let inner = indent + "  "
    switch value {
    case let members as [String: Any]:
        if members.isEmpty { return "{}" }
        let lines = members.sorted { $0.key < $1.key }.map { name, value in
            "\(inner)\(quotedJSON(name)): \(prettyJSON(value, indent: inner))"
        }
        return "{\n\(lines.joined(separator: ",\n"))\n\(indent)}"
    case let elements as [Any]:
        let texts = elements.map { prettyJSON($0, indent: inner) }
        let isShort = texts.allSatisfy { $0.count < 40 && !$0.contains("\n") } && texts.count <= 8
        if isShort { return "[\(texts.joined(separator: ", "))]" }
        return "[\n" + texts.map { inner + $0 }.joined(separator: ",\n") + "\n\(indent)]"
    case let text as String: return quotedJSON(text)
    case let isTrue as Bool: return isTrue ? "true" : "false"
    case let number as Double where number == number.rounded() && abs(number) < 1e15:
        return String(Int(number))
    default: return "\(value)"
    }
}

private func quotedJSON(_ text: String) -> String {
    String(decoding: JSON.string(text).text.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}
