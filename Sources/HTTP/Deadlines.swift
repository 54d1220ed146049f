/// Deadlines, at a cost that does not grow with the connections.
///
/// All connections of a queue wait equally long, so the one that entered first is the first to
/// be late. Entering, leaving and looking for late ones take the same few steps always.
struct Deadlines {
    /// What a client is expected to do in time.
    enum Kind: Int, CaseIterable {
        case handshake
        /// To complete a head, the first of the connection or one that has begun.
        case head
        /// To send a first request to a server that is about to end.
        case lastRequest
        /// To go on with a body.
        case body
        /// To send the next request.
        case idle
        /// To take bytes of an answer.
        case stall
        /// To close after a refusal.
        case linger
    }

    /// A connection's place in a queue; its neighbours by their descriptors, -1 for none.
    struct Place {
        fileprivate(set) var kind: Kind?
        fileprivate(set) var time = ContinuousClock.now
        fileprivate var before: Int32 = -1
        fileprivate var after: Int32 = -1
        /// Whether the client has done something, for which it gets the whole time again.
        var isRenewed = false
    }

    private struct Queue {
        let duration: Duration
        var count = 0
        var first: Int32 = -1
        var last: Int32 = -1
    }

    private static let lastChance = Duration.seconds(1)

    private var queues: [Queue]

    init(_ limits: Limits) {
        queues = Kind.allCases.map { kind in
            let duration =
                switch kind {
                case .handshake: limits.handshakeTime
                case .head: limits.headTime
                case .lastRequest: min(limits.headTime, Self.lastChance)
                case .body: limits.bodyIdle
                case .idle: limits.keepAliveIdle
                case .stall: limits.writeStall
                case .linger: limits.linger
                }
            return Queue(duration: duration)
        }
    }

    /// Moves `connection` to the end of a queue, or out of all; `all` is indexed by descriptor.
    mutating func move(
        _ connection: Connection,
        to kind: Kind?,
        now: ContinuousClock.Instant,
        among all: [Connection?]
    ) {
        remove(connection, among: all)
        connection.place.isRenewed = false
        guard let kind else { return }
        let index = kind.rawValue
        let descriptor = connection.token.descriptor
        connection.place.kind = kind
        queues[index].count += 1
        connection.place.time = now + queues[index].duration
        connection.place.before = queues[index].last
        connection.place.after = -1
        if let last = Self.connection(queues[index].last, all) {
            last.place.after = descriptor
        } else {
            queues[index].first = descriptor
        }
        queues[index].last = descriptor
    }

    mutating func remove(_ connection: Connection, among all: [Connection?]) {
        guard let kind = connection.place.kind else { return }
        let (before, after) = (connection.place.before, connection.place.after)
        if let before = Self.connection(before, all) {
            before.place.after = after
        } else {
            queues[kind.rawValue].first = after
        }
        if let after = Self.connection(after, all) {
            after.place.before = before
        } else {
            queues[kind.rawValue].last = before
        }
        connection.place.kind = nil
        queues[kind.rawValue].count -= 1
    }

    /// The earliest deadline of all.
    func next(among all: [Connection?]) -> ContinuousClock.Instant? {
        var earliest: ContinuousClock.Instant?
        // A plain loop: every turn of the event loop asks.
        for queue in queues where queue.first >= 0 {
            guard let time = Self.connection(queue.first, all)?.place.time else { continue }
            if let known = earliest, known <= time { continue }
            earliest = time
        }
        return earliest
    }

    /// How many connections a queue holds.
    func count(of kind: Kind) -> Int { queues[kind.rawValue].count }

    /// The connections that have waited longest in a queue, at most `count`.
    func first(_ count: Int, of kind: Kind, among all: [Connection?]) -> [Connection] {
        var found: [Connection] = []
        var next = Self.connection(queues[kind.rawValue].first, all)
        while let connection = next, found.count < count {
            found.append(connection)
            next = Self.connection(connection.place.after, all)
        }
        return found
    }

    /// A connection whose deadline has passed.
    func late(at now: ContinuousClock.Instant, among all: [Connection?]) -> Connection? {
        for queue in queues {
            if let first = Self.connection(queue.first, all), first.place.time <= now {
                return first
            }
        }
        return nil
    }

    private static func connection(_ descriptor: Int32, _ all: [Connection?]) -> Connection? {
        descriptor < 0 ? nil : all[Int(descriptor)]
    }
}

extension EventLoop {
    /// Sets the deadline for what the connection waits for now.
    func updateDeadline(_ connection: Connection) {
        let kind = deadlineKind(of: connection)
        guard kind != connection.place.kind || connection.place.isRenewed else { return }
        deadlines.move(connection, to: kind, now: now, among: connections)
    }

    private func deadlineKind(of connection: Connection) -> Deadlines.Kind? {
        if connection.isLingering { return .linger }
        if !connection.output.isEmpty { return .stall }
        if connection.upgraded != nil { return .idle }
        if connection.isComputing { return nil }
        let isFirst = !connection.hasBeenServed && connection.current == nil
        if isDraining && isFirst && connection.input.isEmpty { return .lastRequest }
        if connection.transport.isHandshaking { return .handshake }
        if connection.parser.isReadingBody { return .body }
        return isFirst || !connection.input.isEmpty ? .head : .idle
    }

    /// Ends the connections whose deadline has passed.
    func expire() {
        if let time = acceptsAgainAt, time <= now { resumeAccepting() }
        while let connection = deadlines.late(at: now, among: connections) {
            let kind = connection.place.kind
            deadlines.remove(connection, among: connections)
            expire(connection, kind)
        }
    }

    private func expire(_ connection: Connection, _ kind: Deadlines.Kind?) {
        if let upgraded = connection.upgraded, kind == .idle {
            expire(upgraded, connection)
            return
        }
        if kind == .body, receivesLessThanPortion(connection) { return }
        let isRequestBegun = !connection.input.isEmpty || connection.current != nil
        if connection.isOpen, isRequestBegun, kind == .head || kind == .body {
            refuse(connection, kind == .body ? .bodyTimeout : .headTimeout)
            settle(connection)
        } else {
            // Idle, still sending a body that was refused, or accepting nothing.
            close(connection)
        }
    }

    /// Refuses a body that has come too slowly until now; one that stops is found by its deadline.
    func checkRate(_ connection: Connection) {
        guard connection.isOpen, connection.parser.isReadingBody else { return }
        let least = Duration.seconds(connection.parser.bytesRead / limits.bodyRate)
        if connection.arrival + limits.bodyGrace + least < now { refuse(connection, .bodyTimeout) }
    }
}
