/// A page in Prometheus' text format 0.0.4.
struct MetricsText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private(set) var bytes: [UInt8] = []

    /// Begins a family of samples.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        bytes += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// One sample; `labels` is empty or written as between the braces.
    mutating func sample(_ name: String, _ labels: String = "", _ value: Double) {
        bytes += name.utf8
        if !labels.isEmpty { bytes += "{\(labels)}".utf8 }
        bytes += " \(Self.number(value))\n".utf8
    }

    /// A family of one sample.
    mutating func single(_ name: String, _ kind: Kind, help: String, value: Double) {
        family(name, kind, help)
        sample(name, "", value)
    }

    /// A label's value with quotes, backslashes and line ends escaped.
    static func label(_ name: String, _ value: String) -> String {
        var escaped = ""
        for letter in value {
            switch letter {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.append(letter)
            }
        }
        return "\(name)=\"\(escaped)\""
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }
}
