import Texts

/// Where a Redis or Valkey server listens, or the sentinels that know it, and how one signs in.
///
/// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` over TLS, `redis+sentinel://…@HOST:PORT,HOST:PORT/NAME[/DATABASE]`,
/// `rediss+sentinel://…`; `?ca=FILE` names the authorities whose certificates are believed.
public struct RedisAddress: Sendable, Equatable {
    /// A server's name or address, and its port.
    public struct Node: Hashable, Sendable, CustomStringConvertible {
        public let host: String
        public let port: Int

        public var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// The server, nodes of a cluster, or sentinels: any of them does.
    public let nodes: [Node]
    /// What the sentinels call the server; nil where there are none.
    public let sentinelName: String?
    public let user: String
    public let password: String
    public let database: Int
    public let isEncrypted: Bool
    /// A PEM file; empty: those the system believes.
    public let authorities: String

    public static let form =
        "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], rediss://… or redis+sentinel://HOST:PORT,HOST:PORT/NAME"

    /// Nil for a text that is no such address.
    public init?(_ text: String) {
        guard let scheme = text.firstRange(of: "://"),
            let kind = Self.kinds[String(text[..<scheme.lowerBound])]
        else { return nil }
        (isEncrypted, authorities) = (kind.isEncrypted, Self.authorities(text) ?? "")
        var rest = text[scheme.upperBound...]
        if let query = rest.firstIndex(of: "?") {
            guard !authorities.isEmpty else { return nil }
            rest = rest[..<query]
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var place = parts[0]
        if let at = place.lastIndex(of: "@") {
            let signs = place[..<at].split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let decoded = signs.compactMap { percentDecoded($0) }
            guard decoded.count == 2 else { return nil }
            (user, password) = (decoded[0], decoded[1])
            place = String(place[place.index(after: at)...])
        } else {
            (user, password) = ("", "")
        }
        let nodes = place.split(separator: ",", omittingEmptySubsequences: false).map {
            Self.node($0, defaultPort: kind.isSentinel ? 26_379 : 6379)
        }
        guard nodes.count <= 64, nodes.allSatisfy({ $0 != nil }) else { return nil }
        self.nodes = nodes.compactMap(\.self)
        let path = parts.dropFirst().filter { !$0.isEmpty }
        let name = kind.isSentinel ? path.first : nil
        let numbers = path.dropFirst(name == nil ? 0 : 1)
        guard kind.isSentinel == (name != nil), numbers.count <= 1 else { return nil }
        guard let database = Int(numbers.first ?? "0"), (0...65_535).contains(database) else {
            return nil
        }
        (sentinelName, self.database) = (name, database)
    }

    private static let kinds: [String: (isEncrypted: Bool, isSentinel: Bool)] = [
        "redis": (false, false), "rediss": (true, false), "redis+sentinel": (false, true),
        "rediss+sentinel": (true, true),
    ]

    private static func authorities(_ text: String) -> String? {
        guard let start = text.firstRange(of: "?ca=") else { return nil }
        return percentDecoded(text[start.upperBound...])
    }

    private static func node(_ text: Substring, defaultPort: Int) -> Node? {
        var (host, port): (Substring, Substring?) = (text, nil)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
        }
        guard let number = port.map({ Int($0) }) ?? defaultPort, (1...65_535).contains(number),
            !host.isEmpty
        else { return nil }
        return Node(host: String(host), port: number)
    }
}

extension RedisAddress: CustomStringConvertible {
    /// Without the password.
    public var description: String {
        let kind = (isEncrypted ? "rediss" : "redis") + (sentinelName == nil ? "" : "+sentinel")
        let places = nodes.map(\.description).joined(separator: ",")
        return "\(kind)://\(places)/\(sentinelName.map { "\($0)/" } ?? "")\(database)"
    }
}

extension RedisAddress.Node {
    /// As a server names another one: `127.0.0.1:6381`, `::1:6381`.
    init?(redirection text: Substring) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        self.init(host: String(text[..<colon]), port: port)
    }
}
