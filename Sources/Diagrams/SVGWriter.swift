import Glibc

/// Writes the elements of an SVG document; every text and attribute is escaped.
struct SVGWriter {
    private(set) var text = ""
    private var open: [String] = []

    mutating func begin(_ name: String, _ attributes: [(String, String)] = []) {
        text += tag(name, attributes) + ">"
        open.append(name)
        breakLine()
    }

    mutating func end() {
        guard let name = open.popLast() else { return }
        text += "</\(name)>"
        breakLine()
    }

    mutating func empty(_ name: String, _ attributes: [(String, String)]) {
        text += tag(name, attributes) + "/>"
        breakLine()
    }

    /// An element that holds only text.
    mutating func element(_ name: String, _ attributes: [(String, String)], _ content: String) {
        text += tag(name, attributes) + ">" + escaped(content) + "</\(name)>"
        breakLine()
    }

    /// Line ends inside a text would be drawn as spaces.
    private mutating func breakLine() {
        if open.last != "text" { text += "\n" }
    }

    private func tag(_ name: String, _ attributes: [(String, String)]) -> String {
        attributes.reduce("<" + name) { "\($0) \($1.0)=\"\(escaped($1.1))\"" }
    }
}

/// The text with XML's own signs escaped; what XML 1.0 does not allow becomes U+FFFD.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result += " "
        case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// A length in pixels with at most one decimal.
func pixels(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "0" }
    let tenths = Int((value * 10).rounded())
    if tenths.isMultiple(of: 10) { return String(tenths / 10) }
    let sign = tenths < 0 ? "-" : ""
    return "\(sign)\(abs(tenths) / 10).\(abs(tenths) % 10)"
}
