/// TLS handshakes, which cost as much as dozens of requests.
extension EventLoop {
    /// Steps taken in one turn, so that a burst of new clients does not delay those being served.
    static let mostHandshakeSteps = 8

    /// Makes room for one more handshake: whoever has been at it longest is the least likely to end it.
    func limitHandshakes() {
        let most = max(1, limits.handshakes / shares.count)
        guard deadlines.count(of: .handshake) >= most,
            let oldest = deadlines.oldest(of: .handshake, among: connections)
        else { return }
        counters.failedHandshakes.add(1)
        close(oldest)
    }

    /// Goes on with a handshake; returns whether it is done.
    func shakeHands(_ connection: Connection) -> Bool {
        guard handshakeSteps > 0 else {
            postpone(connection)
            return false
        }
        handshakeSteps -= 1
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
