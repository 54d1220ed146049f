import HTTP

/// Whom a request's share of the server counts for: the holder of a key, else an address.
enum ClientIdentity: Hashable, Sendable {
    case key(String)
    case network(PeerAddress)
    case unknown

    init(keyName: String?, peer: PeerAddress?) {
        if let keyName {
            self = .key(keyName)
        } else if let peer {
            self = .network(peer.network)
        } else {
            self = .unknown
        }
    }
}
