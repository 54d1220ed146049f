import CLinux
import Glibc

extension EventLoop {
    private static let mostAcceptedAtOnce = 64
    private static let pause = Duration.milliseconds(100)

    func resumeAccepting() {
        acceptsAgainAt = nil
        for (index, listener) in listeners.enumerated() {
            _ = share.poller.add(
                listener.descriptor,
                [.readable, .exclusive],
                token: Self.listenerToken + UInt64(index)
            )
        }
    }

    /// Leaves new connections in the kernel's queue for a moment.
    private func pauseAccepting() {
        ignoreListeners()
        acceptsAgainAt = now + Self.pause
    }

    private func ignoreListeners() {
        for listener in listeners { share.poller.remove(listener.descriptor) }
    }

    func acceptConnections(_ listener: Int) {
        for _ in 0..<Self.mostAcceptedAtOnce {
            guard acceptOne(listener) else { return }
        }
    }

    /// Accepts what is in the queue, then no more.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        acceptsAgainAt = nil
        for index in listeners.indices {
            while acceptOne(index) {}
        }
        ignoreListeners()
        acceptsAgainAt = nil
        didDrain()
        for case let connection? in connections {
            // A request may have come that was not read yet.
            if connection.isIdle && connection.interest != nil { receive(connection) }
            if connection.upgraded != nil {
                let reason = "the server is about to end; try another, or later"
                end(connection, WebSocketClose(code: 1013, reason: reason), lingers: true)
                settle(connection)
            } else if connection.isIdle && connection.hasBeenServed {
                close(connection)
            } else if !connection.isClosed {
                updateDeadline(connection)
            }
        }
    }

    /// Returns false when there is nothing to accept now.
    private func acceptOne(_ listener: Int) -> Bool {
        let socket = clinux_accept(listeners[listener].descriptor)
        if socket >= 0 {
            assign(socket, from: listener)
            return true
        }
        switch errno {
        case EAGAIN: return false
        case EINTR, ECONNABORTED: return true
        case EMFILE, ENFILE:
            if closeIdle() { return true }
            refuseWithSpareDescriptor(listener)
            pauseAccepting()
            return false
        default:
            pauseAccepting()
            return false
        }
    }

    /// Closes one waiting connection, so that its client does not wait for a descriptor of ours.
    private func refuseWithSpareDescriptor(_ listener: Int) {
        if spareDescriptor >= 0 { Glibc.close(spareDescriptor) }
        let socket = clinux_accept(listeners[listener].descriptor)
        if socket >= 0 { Glibc.close(socket) }
        spareDescriptor = clinux_spare_descriptor()
    }

    /// Gives a new connection to the loop that has the fewest; to this one if it is among them.
    private func assign(_ socket: Int32, from listener: Int) {
        counters.acceptedConnections.add(1)
        let total = shares.reduce(0) { $0 + $1.counters.openConnections.value }
        let isAboveLimit =
            total >= limits.connections && !makeRoom(for: PeerAddress(socket: socket)?.network)
        // Those above the limit get a 503, of which there must not be too many either.
        if isAboveLimit, total >= limits.connections + limits.connections / 8 + 16 {
            Glibc.close(socket)
            return
        }
        counters.openConnections.add(1)
        let own = share.counters.openConnections.value - 1
        if !isDraining, !isAboveLimit {
            for other in shares
            where other !== share && other.counters.openConnections.value < own {
                // Counted before it is handed over: its client may be served, and connect again, at once.
                other.counters.openConnections.add(1)
                counters.openConnections.add(-1)
                if other.mailbox.post(.connection(socket, listener: listener)) { return }
                other.counters.openConnections.add(-1)
                counters.openConnections.add(1)
            }
        }
        add(socket, from: listener, isAboveLimit: isAboveLimit)
    }

    /// Begins to serve a connection that is counted already.
    func add(_ socket: Int32, from listener: Int, isAboveLimit: Bool = false) {
        generation &+= 1
        let token = ConnectionToken(descriptor: socket, generation: max(generation, 1))
        let context = listeners[listener].certificates?.context
        let session = context?.makeSession(socket: socket)
        if context != nil && session == nil {
            counters.openConnections.add(-1)
            Glibc.close(socket)
            return
        }
        if context != nil { limitHandshakes() }
        let connection = Connection(
            transport: Transport(socket: socket, session: session),
            token: token,
            limits: limits,
            budget: budget
        )
        while connections.count <= Int(socket) { connections.append(nil) }
        connections[Int(socket)] = connection
        connectionCount += 1
        let isClientAboveLimit = connection.peer.map { !clients.enter($0.network) } ?? false
        if isAboveLimit {
            refuse(connection, .tooManyConnections(limit: limits.connections))
            settle(connection)
        } else if isClientAboveLimit, !(connection.peer.map { closeIdle(of: $0.network) } ?? false)
        {
            refuse(connection, .tooManyOfClient(limit: limits.clientConnections))
            // No handshake is spent on it.
            connection.transport.isHandshaking ? close(connection) : settle(connection)
        } else {
            // Listeners wait for a first segment, so there is something to read; the poller need not say so.
            receive(connection)
        }
    }

    func close(_ connection: Connection) {
        guard !connection.isClosed else { return }
        abandon(connection)
        connection.phase = .closed
        if connection.interest != nil { share.poller.remove(connection.token.descriptor) }
        // The transport closes the descriptor with the last reference.
        deadlines.remove(connection, among: connections)
        if let peer = connection.peer { clients.leave(peer.network) }
        connections[Int(connection.token.descriptor)] = nil
        connectionCount -= 1
        counters.openConnections.add(-1)
    }
}
