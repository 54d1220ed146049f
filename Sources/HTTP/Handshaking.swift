/// TLS handshakes, which cost as much as dozens of requests.
extension EventLoop {
    /// Steps taken in one turn, so that a burst of new clients does not delay those being served.
    static let mostHandshakeSteps = 8

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
