/// Where the server may listen: without keys, only on this machine, unless told otherwise.
public struct Binding: Sendable, Equatable {
    public let host: String
    /// What was configured, if it is not followed.
    public let refusedHost: String?
    /// Whether only this machine can connect.
    public let isLoopback: Bool

    public init(_ configuration: Configuration, hasKeys: Bool) {
        let wanted = configuration.host
        if Self.isLoopback(wanted) || hasKeys || configuration.anonymous {
            host = wanted
            refusedHost = nil
        } else {
            host = wanted.contains(":") ? "::1" : "127.0.0.1"
            refusedHost = wanted
        }
        isLoopback = Self.isLoopback(host)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "::1" || host.hasPrefix("127.") || host.hasPrefix("::ffff:127.")
    }
}
