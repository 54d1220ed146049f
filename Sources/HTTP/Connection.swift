/// One client's connection; touched only by the thread of its event loop.
final class Connection {
    enum Phase {
        /// Requests are read and answered.
        case open
        /// The last answer is being sent; then, if it `lingers`, input is dropped for a while.
        case finishing(lingers: Bool)
        /// All is sent; what the client still sends is dropped so that it can read the answer.
        case lingering
        case closed
    }

    enum HandshakeTurn {
        case none, awaited, come
    }

    let token: ConnectionToken
    var transport: Transport
    var input = ByteBuffer()
    var output = OutputQueue()
    var parser: RequestParser
    var phase = Phase.open
    /// Of the request being read or computed.
    var current: RequestHead?
    /// What the handler said of its head.
    var context: (any AnyObject & Sendable)?
    /// When `current` was complete.
    var arrival = ContinuousClock.now
    /// Set while the handler has the request and the loop goes on.
    var isComputing = false
    weak var exchange: Exchange?
    /// The answer that is being sent piece by piece; its request counts as being computed until its end.
    var stream: EventLoop.Stream?
    /// Set once the connection is a WebSocket; its request counts as being computed until its end.
    var upgraded: UpgradedConnection?
    var isContinueSent = false
    /// Whether the client has sent its last byte, and it was read.
    var hasInputEnded = false
    var hasBeenProbed = false
    /// Whether the poller reports input only once a portion of a large body has come.
    var awaitsPortion = false
    /// What the poller was asked for; nil if it does not know the connection yet.
    var interest: Poller.Interest?

    /// Among the deadlines of its loop.
    var place = Deadlines.Place()
    var hasBeenServed = false
    /// Whether its loop will look at it again without an event.
    var isPostponed = false
    /// When the next step of its handshake may be taken.
    var handshakeTurn = HandshakeTurn.none
    /// Asked of the system once, with the first request.
    private(set) lazy var peer = PeerAddress(socket: token.descriptor)
    var lingeredBytes = 0

    init(
        transport: consuming Transport,
        token: ConnectionToken,
        limits: Limits,
        budget: BodyBudget
    ) {
        self.token = token
        self.transport = transport
        parser = RequestParser(limits: limits, budget: budget)
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    var isLingering: Bool {
        if case .lingering = phase { true } else { false }
    }

    /// Whether more input would be of use now.
    var mayReceive: Bool {
        if case .finishing = phase { return false }
        if let upgraded { return upgraded.mayRead && output.isEmpty && !isClosed }
        return output.isEmpty && !isComputing && !isClosed
    }

    /// Whether input is left where it is until an answer is there.
    var leavesInput: Bool { upgraded.map { !$0.mayRead } ?? isComputing }

    /// Whether no request has begun and none is being answered.
    var isIdle: Bool {
        isOpen && !isComputing && input.isEmpty && output.isEmpty && parser.isBetweenRequests
    }
}
