/// Why the server cannot be configured as asked.
public enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case invalidFile(file: String, reason: String)
    case unknownSetting(name: String, source: String, known: [String])
    /// Settings that are valid alone, but not together.
    case conflict(reason: String)
    case invalidValue(name: String, source: String, expected: String, got: String)

    /// Taken over while the server runs, this would open it to everybody.
    case opensServer(host: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "cannot read the configuration file \(file): \(reason)"
        case .invalidFile(let file, let reason):
            "\(file): \(reason)"
        case .unknownSetting(let name, let source, let known):
            "\(source): unknown setting \"\(name)\"\(Self.hint(name)); "
                + "known are \(known.joined(separator: ", "))"
        case .conflict(let reason): reason
        case .opensServer(let host):
            "the server listens on \(host): without keys and without \"anonymous\" everybody would be served"
        case .invalidValue(let name, let source, let expected, let got):
            "\(source): \"\(name)\" must be \(expected), not \"\(got)\""
        }
    }

    private static func hint(_ name: String) -> String {
        Setting.nearest(to: name).map { " (did you mean \"\($0)\"?)" } ?? ""
    }
}
