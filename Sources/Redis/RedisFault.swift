/// Why a server of states did not do what it was asked for.
public enum RedisFault: Error, Equatable, Sendable {
    /// It cannot be reached, or does not speak as Redis does; `reason` says what "it" did.
    case unreachable(String)
    /// It took longer than it may.
    case late(milliseconds: Int)
    /// Its own words.
    case refused(String)
    /// More wait for it than may.
    case crowded

    public var reason: String {
        switch self {
        case .unreachable(let reason): reason
        case .late(let milliseconds): "it did not answer within \(milliseconds) ms"
        case .refused(let words):
            "it said: " + (words.hasSuffix(".") ? String(words.dropLast()) : words)
        case .crowded: "too many requests wait for it"
        }
    }
}
