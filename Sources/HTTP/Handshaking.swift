/// TLS handshakes, which cost as much as dozens of requests.
extension EventLoop {
    /// Steps taken in one turn, so that a burst of new clients does not delay those being served.
    private static let mostHandshakeSteps = 4

    /// Makes room for one more handshake: of the client that has most, whichever has been at it longest is the least
    /// likely to end it.
    func limitHandshakes() {
        let most = max(1, limits.handshakes / shares.count)
        guard deadlines.count(of: .handshake) >= most else { return }
        var counts: [PeerAddress?: Int] = [:]
        let waiting = deadlines.first(most, of: .handshake, among: connections)
        for connection in waiting { counts[connection.peer?.network, default: 0] += 1 }
        let greatest = counts.values.max()
        guard let oldest = waiting.first(where: { counts[$0.peer?.network] == greatest })
        else { return }
        counters.failedHandshakes.add(1)
        close(oldest)
    }

    /// Takes a few steps of handshakes, one for each client in turn.
    func takeHandshakeSteps() {
        for _ in 0..<Self.mostHandshakeSteps {
            guard let token = handshakeTurns.next() else { return }
            guard let connection = connection(token) else { continue }
            connection.handshakeTurn = .come
            receive(connection)
            if connection.handshakeTurn == .come { connection.handshakeTurn = .none }
        }
    }

    /// Goes on with a handshake if it is its turn; returns whether it is done.
    func shakeHands(_ connection: Connection) -> Bool {
        guard connection.handshakeTurn == .come else {
            if connection.handshakeTurn == .none {
                connection.handshakeTurn = .awaited
                handshakeTurns.append(connection.token, of: connection.peer?.network)
            }
            return false
        }
        connection.handshakeTurn = .none
        switch connection.transport.handshake() {
        case .done: return true
        case .wouldBlock: break
        case .isPlain:
            counters.failedHandshakes.add(1)
            refuse(connection, .plainOnSecurePort)
        case .failed:
            counters.failedHandshakes.add(1)
            // OpenSSL has sent an alert, which a reset would overtake.
            connection.phase = .finishing(lingers: true)
        }
        return false
    }
}

/// Handshakes that can go on; each client has its turn, however many of them it has begun.
struct HandshakeTurns {
    private var lines: [PeerAddress?: [ConnectionToken]] = [:]
    /// Clients in the order of their turns.
    private var order: [PeerAddress?] = []

    var isEmpty: Bool { order.isEmpty }

    mutating func append(_ token: ConnectionToken, of client: PeerAddress?) {
        if lines[client] == nil { order.append(client) }
        lines[client, default: []].append(token)
    }

    /// The first of the client whose turn it is; then it is the next client's.
    mutating func next() -> ConnectionToken? {
        guard !order.isEmpty else { return nil }
        let client = order.removeFirst()
        guard var line = lines.removeValue(forKey: client), !line.isEmpty else { return nil }
        let token = line.removeFirst()
        if !line.isEmpty {
            lines[client] = line
            order.append(client)
        }
        return token
    }
}
