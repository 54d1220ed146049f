import HTTP
import Texts

/// Who may use what: the keys, and what is open without one.
struct AccessPolicy: Sendable {
    let keys: [AccessKey]
    /// Whether clients without a key are served though there are keys, or the server is public.
    let isAnonymousAllowed: Bool
    /// Whether only this machine can connect.
    let isLoopbackOnly: Bool
    let metrics: AccessLevel

    init(keys: [AccessKey], configuration: Configuration, binding: Binding) {
        self.keys = keys
        isAnonymousAllowed = configuration.anonymous
        isLoopbackOnly = binding.isLoopback
        metrics = configuration.metricsAccess.level
    }

    /// The key a request is sent with; throws for one that is unknown.
    ///
    /// Every key is compared, so that the time says nothing about which one was nearly right.
    func key(of head: RequestHead) throws(ServiceError) -> AccessKey? {
        guard !keys.isEmpty, let text = Self.presentedKey(head) else { return nil }
        let digest = KeyDigest(of: text)
        var found: AccessKey?
        for key in keys where key.digest.matches(digest) { found = key }
        guard let found else { throw .unauthorized(isKeyGiven: true) }
        return found
    }

    /// Throws unless a caller with this key, or none, may use a route.
    func check(_ access: AccessLevel, _ key: AccessKey?) throws(ServiceError) {
        switch access == .metrics ? metrics : access {
        case .everyone: return
        case .clients, .metrics:
            if key != nil || keys.isEmpty || isAnonymousAllowed { return }
            throw .unauthorized(isKeyGiven: false)
        case .administrators:
            if let key {
                if key.isAdministrator { return }
                throw .forbidden(reason: "this key is not an administrator's")
            }
            if !keys.isEmpty { throw .unauthorized(isKeyGiven: false) }
            if !isLoopbackOnly {
                throw .forbidden(
                    reason: "the server is reachable from elsewhere and has no administrator's key"
                )
            }
        }
    }

    /// What a browser names beside its key when it opens a WebSocket: it can send no other fields.
    static let socketProtocol = "striate"
    private static let keyPrefix = "key."

    /// Whether the key came as a protocol of a WebSocket, of which the other one is to be chosen.
    static func isKeyAsProtocol(_ head: RequestHead) -> Bool {
        protocols(head).contains(socketProtocol)
    }

    private static func protocols(_ head: RequestHead) -> [String] {
        (head.header("Sec-WebSocket-Protocol") ?? "").split(separator: ",").map {
            String(trimmed($0))
        }
    }

    /// `Authorization: Bearer …` (RFC 6750), `X-API-Key: …`, or of a WebSocket the protocol `key.…`.
    private static func presentedKey(_ head: RequestHead) -> String? {
        if let field = head.header("Authorization") {
            let parts = field.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" {
                return String(trimmed(parts[1]))
            }
        }
        if let key = head.header("X-API-Key") { return key }
        return protocols(head).first { $0.hasPrefix(keyPrefix) }
            .map { String($0.dropFirst(keyPrefix.count)) }
    }
}
