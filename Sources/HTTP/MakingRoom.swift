/// Room for newcomers where all connections are taken.
extension EventLoop {
    /// Connections looked at for one to close: those that have waited longest.
    private static let mostConsidered = 64
    private static let mostConsideredOfClient = 256

    /// Closes a connection for one of this client's; returns whether there was any to close.
    ///
    /// First one that waits between requests, wherever it is. Else one whose client is slow to send or to take
    /// something, if that client has more connections than the newcomer's.
    func makeRoom(for client: PeerAddress?) -> Bool {
        if closeIdle() { return true }
        let others = shares.filter { $0 !== share }
        if let other = others.max(by: { $0.counters.idle.value < $1.counters.idle.value }),
            other.counters.idle.value > 0, other.mailbox.post(.makeRoom)
        {
            // Taken now, so that each newcomer asks for another; the loop counts it again itself.
            other.counters.idle.add(-1)
            return true
        }
        let own = client.map(clients.count(of:)) ?? 0
        for kind in [Deadlines.Kind.head, .body, .linger, .stall] {
            let slow = mostCrowded(
                deadlines.first(Self.mostConsidered, of: kind, among: connections)
            )
            if let slow, let peer = slow.peer, clients.count(of: peer.network) > own + 1 {
                close(slow)
                return true
            }
        }
        return false
    }

    /// Closes a connection that waits between requests: of those that have waited longest, one of the client that has
    /// most.
    func closeIdle() -> Bool {
        var idle = deadlines.first(Self.mostConsidered, of: .idle, among: connections)
        while let connection = mostCrowded(idle) {
            if closeIfIdle(connection) { return true }
            idle.removeAll { $0 === connection }
        }
        return false
    }

    /// The same for a client that has all it may have.
    func closeIdle(of client: PeerAddress) -> Bool {
        deadlines.first(Self.mostConsideredOfClient, of: .idle, among: connections)
            .contains { $0.peer?.network == client && closeIfIdle($0) }
    }

    private func closeIfIdle(_ connection: Connection) -> Bool {
        // A request may have come that was not read yet.
        receive(connection)
        if connection.isIdle { close(connection) }
        return connection.isClosed
    }

    /// The first one of the client that has most connections.
    private func mostCrowded(_ candidates: [Connection]) -> Connection? {
        var (best, most) = (Connection?.none, -1)
        for connection in candidates {
            let count = connection.peer.map { clients.count(of: $0.network) } ?? 0
            if count > most { (best, most) = (connection, count) }
        }
        return best
    }

    /// Tells the other loops how many connections could give way here.
    func reportIdle() {
        let count = deadlines.count(of: .idle)
        if count != reportedIdle { counters.idle.add(count - reportedIdle) }
        reportedIdle = count
    }
}
