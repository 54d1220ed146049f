import FoundationEssentials
import HTTP

/// Which host a request without a key must be for, and which pages may have sent it.
///
/// Whoever looks at a web page lets it talk to servers that only they can reach. Of an origin other than the
/// server's, a page cannot read answers, but what it sends is carried out. A page whose own name is made to lead
/// here (DNS rebinding) can read them too; its requests still bear that name.
struct HostPolicy: Sendable {
    private let names: Set<String>
    /// Ends of names, each with the point it begins with.
    private let endings: [String]
    private let isAnyAllowed: Bool
    /// Whether only this machine can connect.
    private let isLoopbackOnly: Bool
    private let crossOrigin: CrossOrigin

    /// `hosts` are names separated by commas; "*.example.org" is all below one, "*" any.
    init(hosts: String, isLoopbackOnly: Bool, crossOrigin: CrossOrigin) {
        let entries = hosts.split { $0 == "," || $0 == " " }.map { $0.lowercased() }
        isAnyAllowed = entries.contains("*")
        endings = entries.filter { $0.hasPrefix("*.") }.map { String($0.dropFirst()) }
        var names = Set(entries.filter { !$0.hasPrefix("*") }.map { HostName(authority: $0).text })
        if !isLoopbackOnly { names.formUnion(Self.ownNames) }
        self.names = names
        self.isLoopbackOnly = isLoopbackOnly
        self.crossOrigin = crossOrigin
    }

    /// What the machine calls itself.
    private static var ownNames: [String] {
        let file = URL(filePath: "/proc/sys/kernel/hostname")
        let name = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return name.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
    }

    /// Throws unless a request without a key may have what a route of this access answers.
    func check(_ head: RequestHead, _ access: AccessLevel) throws(ServiceError) {
        // Probes come to names of all kinds, and what everybody may know is no secret.
        if access != .everyone, let authority = head.authority {
            guard allows(HostName(authority: authority)) else {
                throw .unknownHost(authority, isLoopbackOnly: isLoopbackOnly)
            }
        }
        // Any page may open a WebSocket, and read what comes.
        let isRead =
            (head.method == "GET" || head.method == "HEAD") && head.header("Upgrade") == nil
        if !isRead, let origin = head.header("Origin") {
            guard isOwn(origin, of: head) || crossOrigin.names(origin, for: access) else {
                throw .foreignOrigin(origin)
            }
        }
    }

    private func allows(_ host: HostName) -> Bool {
        if host.isLoopback || isAnyAllowed || names.contains(host.text) { return true }
        if endings.contains(where: { host.text.hasSuffix($0) }) { return true }
        return !isLoopbackOnly && !host.mayBeRebound
    }

    private func isOwn(_ origin: String, of head: RequestHead) -> Bool {
        guard let authority = head.authority else { return false }
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where origin.lowercased().hasPrefix(scheme) {
            let page = origin.dropFirst(scheme.count).lowercased()
            let own = authority.lowercased()
            return page == own || page + port == own || page == own + port
        }
        return false
    }
}

/// A host as an authority names it, without its port and in small letters.
struct HostName: Sendable {
    /// Ends of names that no public server of names answers for (RFC 6761, RFC 6762, RFC 8375, ICANN's "internal";
    /// "svc" is Kubernetes').
    private static let localEndings = [
        ".local", ".internal", ".home.arpa", ".svc", ".lan", ".home",
    ]

    let text: String

    init(authority: String) {
        // Bytes: every request has one, and characters cost ten times as much.
        var name = Substring(authority.lowercased()).utf8
        if let end = name.lastIndex(of: UInt8(ascii: "]")) {
            name = name[...end]
        } else if let colon = name.lastIndex(of: UInt8(ascii: ":")) {
            name = name[..<colon]
        }
        // The name of the root is left out nearly always.
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        text = String(Substring(name))
    }

    /// Whether it can only be this machine.
    var isLoopback: Bool {
        if text == "localhost" || text.hasSuffix(".localhost") { return true }
        if isIPv4 { return text.hasPrefix("127.") }
        // A mapped address is written in both ways (RFC 4291 §2.5.5.2).
        return text == "[::1]" || text == "[0:0:0:0:0:0:0:1]" || text.hasPrefix("[::ffff:127.")
            || text.hasPrefix("[::ffff:7f")
    }

    /// Whether it is a name that somebody elsewhere may have in their hands.
    ///
    /// An address is one for good, and names without a point and some endings are resolved on the spot only.
    var mayBeRebound: Bool {
        if text.hasPrefix("[") || isIPv4 || !text.contains(".") { return false }
        return !Self.localEndings.contains { text.hasSuffix($0) }
    }

    private var isIPv4: Bool {
        // One look at each byte: every request is asked.
        var (points, value, hasDigits) = (0, 0, false)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
                hasDigits = true
                if value > 255 { return false }
            case UInt8(ascii: "."):
                if !hasDigits { return false }
                (points, value, hasDigits) = (points + 1, 0, false)
            default: return false
            }
        }
        return points == 3 && hasDigits
    }
}
