/// Text from a client in quotes, cut to a length fit for a sentence.
public func quoted(_ text: String) -> String {
    let limit = 120
    guard text.count > limit else { return "\"\(text)\"" }
    return "\"\(text.prefix(limit))…\""
}

/// "a, b and c"; a long list is cut.
public func listed(_ items: [String], _ conjunction: String) -> String {
    guard let last = items.last else { return "nothing" }
    if items.count == 1 { return last }
    if items.count > 40 { return items.prefix(40).joined(separator: ", ") + ", …" }
    return items.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}

/// The text with a capital first letter and a full stop.
public func sentence(_ text: String) -> String {
    // The name of a file stays as it is.
    let isFile = text.prefix { $0 != " " && $0 != "," }.dropLast().contains(".")
    let capitalised = isFile ? text : text.prefix(1).uppercased() + text.dropFirst()
    let ends: [Character] = [".", "?", "!"]
    return capitalised.last.map(ends.contains) == true ? capitalised : capitalised + "."
}

/// The text without spaces and tabs at its ends.
public func trimmed(_ text: Substring) -> Substring {
    let isBlank = { (letter: Character) in letter == " " || letter == "\t" }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
}
