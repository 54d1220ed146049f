import Synchronization

/// How many connections each client has, so that none takes them all.
final class ClientShares: Sendable {
    private let limit: Int
    private let counts = Mutex<[PeerAddress: Int]>([:])

    init(limit: Int) {
        self.limit = limit
    }

    /// Counts a connection; returns whether the client may have it.
    func enter(_ client: PeerAddress) -> Bool {
        counts.withLock { counts in
            counts[client, default: 0] += 1
            return counts[client, default: 0] <= limit
        }
    }

    /// Ends what `enter` began, whatever it returned.
    func leave(_ client: PeerAddress) {
        counts.withLock { counts in
            let left = counts[client, default: 0] - 1
            counts[client] = left > 0 ? left : nil
        }
    }

    /// Connections of one client.
    func count(of client: PeerAddress) -> Int { counts.withLock { $0[client] ?? 0 } }

    var clientCount: Int { counts.withLock(\.count) }
}
