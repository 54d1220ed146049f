/// Deadlines: one a connection, checked by looking at all of them when the earliest has passed.
extension EventLoop {
    /// How often, at most, all connections are looked at.
    private static let tick = Duration.milliseconds(20)
    /// What a client has to send a first request to a server that is about to end.
    private static let lastChance = Duration.seconds(1)

    /// Sets the deadline for what the connection waits for now.
    func updateDeadline(_ connection: Connection) {
        let wait = currentWait(of: connection)
        if connection.isOpen, wait != connection.wait {
            connection.wait = wait
            connection.waitStart = now
        }
        guard let deadline = deadline(of: connection) else {
            connection.deadline = now + .seconds(1 << 30)
            return
        }
        connection.deadline = deadline
        nextExpiry = min(nextExpiry ?? deadline, deadline)
    }

    private func currentWait(of connection: Connection) -> Connection.Wait {
        if connection.transport.isHandshaking { return .handshake }
        if connection.isComputing { return .computing }
        if connection.parser.isReadingBody { return .body }
        return connection.input.isEmpty ? .request : .headEnd
    }

    private func deadline(of connection: Connection) -> ContinuousClock.Instant? {
        let start = connection.waitStart
        if connection.isLingering { return start + limits.linger }
        if let stallStart = connection.stallStart { return stallStart + limits.writeStall }
        switch connection.wait {
        case .computing: return nil
        case .handshake: return start + limits.handshakeTime
        case .headEnd: return start + limits.headTime
        case .body:
            let bytes = connection.parser.bytesRead
            let least = Duration.seconds(bytes / limits.bodyRate)
            return min(now + limits.bodyIdle, start + limits.bodyGrace + least)
        case .request:
            if connection.hasBeenServed { return start + limits.keepAliveIdle }
            return start + (isDraining ? min(limits.headTime, Self.lastChance) : limits.headTime)
        }
    }

    /// Ends the connections whose deadline has passed.
    func expire() {
        if let time = acceptsAgainAt, time <= now { resumeAccepting() }
        guard let due = nextExpiry, due <= now else { return }
        var earliest: ContinuousClock.Instant?
        for case let connection? in connections {
            if connection.deadline <= now { expire(connection) }
            if !connection.isClosed {
                earliest = min(earliest ?? connection.deadline, connection.deadline)
            }
        }
        nextExpiry = earliest.map { max($0, now + Self.tick) }
    }

    private func expire(_ connection: Connection) {
        let isRequestBegun = connection.wait == .headEnd || connection.current != nil
        if connection.isOpen, connection.output.isEmpty, isRequestBegun {
            refuse(connection, connection.wait == .body ? .bodyTimeout : .headTimeout)
            settle(connection)
        } else {
            // Idle, still sending a body that was refused, or accepting nothing.
            close(connection)
        }
    }
}
