import CLinux
import Glibc

/// What an event loop shares with other threads.
final class LoopShare: Sendable {
    let poller: Poller
    let mailbox: Mailbox
    let counters = LoopCounters()

    init() throws(HTTPError) {
        poller = try Poller()
        mailbox = try Mailbox()
    }
}

/// Serves connections on one thread: waits, receives, parses, calls the handler, sends.
///
/// Made and used by its own thread only; other threads reach it through its share's mailbox.
final class EventLoop {
    static let mailboxToken: UInt64 = 0
    /// The first listener's; the others' follow.
    static let listenerToken: UInt64 = 1

    let share: LoopShare
    /// All loops of the server, this one too.
    let shares: [LoopShare]
    let listeners: [Listener]
    let handler: any Handler
    let limits: Limits
    /// Shared by all loops.
    let budget: BodyBudget
    /// Shared by all loops.
    let clients: ClientShares
    /// Called when this loop accepts no more.
    let didDrain: @Sendable () -> Void

    /// Indexed by descriptor.
    var connections: [Connection?] = []
    var connectionCount = 0
    var generation: UInt32 = 0
    var now = ContinuousClock.now
    var encoder = ResponseEncoder()
    var identifiers = RequestIdentifiers()
    /// Connections with something left to do after their share of a turn.
    private var postponed: [ConnectionToken] = []
    var handshakeTurns = HandshakeTurns()
    /// What the other loops were told of this one's idle connections.
    var reportedIdle = 0
    var deadlines: Deadlines
    /// Given up for a moment to accept and close when no other descriptor is left.
    var spareDescriptor = clinux_spare_descriptor()
    var acceptsAgainAt: ContinuousClock.Instant?
    var isDraining = false
    private var isStopped = false
    private var letters: [Mailbox.Letter] = []
    private var events = [clinux_event](repeating: clinux_event(), count: 256)

    init(
        _ share: LoopShare,
        among shares: [LoopShare],
        listeners: [Listener],
        handler: any Handler,
        limits: Limits,
        budget: BodyBudget,
        clients: ClientShares,
        didDrain: @escaping @Sendable () -> Void
    ) {
        self.share = share
        self.shares = shares
        self.listeners = listeners
        self.handler = handler
        self.limits = limits
        self.budget = budget
        self.clients = clients
        deadlines = Deadlines(limits)
        self.didDrain = didDrain
    }

    deinit {
        if spareDescriptor >= 0 { Glibc.close(spareDescriptor) }
    }

    /// Works until the server is shut down and the last connection is closed.
    func run() {
        let mailbox = share.mailbox
        _ = share.poller.add(mailbox.descriptor, .readable, token: Self.mailboxToken)
        resumeAccepting()
        while !isStopped {
            if isDraining, connectionCount == 0, mailbox.closeIfEmpty() { break }
            turn()
        }
        for letter in mailbox.closeForGood() {
            switch letter {
            case .connection(let socket, _):
                counters.openConnections.add(-1)
                Glibc.close(socket)
            case .answer(_, .stream(let pieces)): pieces.abandon()
            case .answer(_, .upgrade(let upgrade)): upgrade.receive(.closed)
            default: break
            }
        }
    }

    private func turn() {
        let count = share.poller.wait(for: &events, milliseconds: timeout())
        now = .now
        counters.turns.add(1)
        for index in 0..<count { dispatch(events[index]) }
        let waiting = postponed
        postponed.removeAll(keepingCapacity: true)
        for token in waiting {
            guard let connection = connection(token) else { continue }
            connection.isPostponed = false
            resume(connection)
        }
        takeHandshakeSteps()
        expire()
        reportIdle()
    }

    /// Looks at the connection again once the others had their turn.
    func postpone(_ connection: Connection) {
        guard !connection.isPostponed else { return }
        connection.isPostponed = true
        postponed.append(connection.token)
    }

    /// Milliseconds until something is due, -1 if nothing is.
    private func timeout() -> Int32 {
        if !postponed.isEmpty || !handshakeTurns.isEmpty { return 0 }
        guard var due = deadlines.next(among: connections) ?? acceptsAgainAt else { return -1 }
        if let acceptsAgainAt { due = min(due, acceptsAgainAt) }
        let wait = ContinuousClock.now.duration(to: due)
        if wait <= .zero { return 0 }
        let (seconds, attoseconds) = wait.components
        if seconds >= 60 { return 60_000 }
        // Rounded up, so that the due time has passed when the wait ends.
        return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1
    }

    private func dispatch(_ event: clinux_event) {
        switch event.token {
        case Self.mailboxToken: readMail()
        case Self.listenerToken..<Self.listenerToken + UInt64(listeners.count):
            acceptConnections(Int(event.token - Self.listenerToken))
        default:
            // An event of a connection closed earlier in this turn finds none, or another.
            guard let connection = connection(ConnectionToken(event.token)) else { return }
            react(to: Poller.Interest(rawValue: event.events), on: connection)
        }
    }

    var counters: LoopCounters { share.counters }

    func connection(_ token: ConnectionToken) -> Connection? {
        let index = Int(token.descriptor)
        guard connections.indices.contains(index), let connection = connections[index],
            connection.token == token
        else { return nil }
        return connection
    }

    private func readMail() {
        share.mailbox.collect(into: &letters)
        for letter in letters {
            switch letter {
            case .answer(let token, let reply): deliver(reply, to: token)
            case .pieces(let token): forwardPieces(to: token)
            case .noAnswer(let token): deliverNoAnswer(to: token)
            case .socketReady(let token): receiveNext(on: token)
            case .connection(let socket, let listener): add(socket, from: listener)
            case .makeRoom:
                counters.idle.add(1)
                _ = closeIdle()
            case .drain: drain()
            case .stop: stop()
            }
        }
        letters.removeAll(keepingCapacity: true)
    }

    private func stop() {
        for connection in connections { connection.map { close($0) } }
        isStopped = true
    }
}
