import Synchronization

/// The way back for one answer.
///
/// May be used from any thread. Letting go of it without an answer answers 500.
public final class Exchange: Sendable {
    /// An answer as the loop gets it: whole, or a stream that has begun.
    enum Reply: Sendable {
        case response(Response)
        case stream(StreamedPieces)
        case upgrade(WebSocketUpgrade)
    }

    enum Destination: Sendable {
        /// `streamed` is the limit of bytes of a stream that may wait.
        case connection(Mailbox, ConnectionToken, streamed: Int)
        case function(@Sendable (Response) -> Void)
    }

    private enum State {
        /// The handler has not returned yet; its loop will ask for the answer.
        case handling
        case answered(Reply)
        /// The loop has gone on; an answer must be brought to it.
        case deferred
        case finished
    }

    let destination: Destination
    private let state: Mutex<State>
    private let abandoned = Atomic(false)

    /// An exchange without a connection, which hands the answer to `deliver`.
    public init(deliver: @escaping @Sendable (Response) -> Void) {
        destination = .function(deliver)
        state = Mutex(.deferred)
    }

    init(mailbox: Mailbox, connection: ConnectionToken, streamed: Int) {
        destination = .connection(mailbox, connection, streamed: streamed)
        state = Mutex(.handling)
    }

    deinit {
        guard state.withLock({ if case .deferred = $0 { true } else { false } }) else { return }
        switch destination {
        case .connection(let mailbox, let token, _): mailbox.post(.noAnswer(token))
        case .function(let deliver): deliver(Response(.internalServerError))
        }
    }

    /// Answers the request; only the first answer counts.
    public func respond(_ response: Response) {
        guard settle(.response(response)) == .mustDeliver else { return }
        switch destination {
        case .connection(let mailbox, let token, _):
            mailbox.post(.answer(token, .response(response)))
        case .function(let deliver): deliver(response)
        }
    }

    /// Begins an answer that is sent piece by piece; the body of `head` is not used.
    ///
    /// Only the first answer counts: the stream of another is abandoned.
    public func stream(_ head: Response) -> ResponseStream {
        let pieces = StreamedPieces(head, to: destination)
        settle(.stream(pieces)) { pieces.abandon() }
        return ResponseStream(pieces)
    }

    /// Brings an answer on its way to the loop; `giveUp` is called if nobody waits for it.
    func settle(_ reply: Reply, orElse giveUp: () -> Void) {
        switch settle(reply) {
        case .mustDeliver:
            if case .connection(let mailbox, let token, _) = destination {
                if !mailbox.post(.answer(token, reply)) { giveUp() }
            }
        case .isKept: break
        case .isLate: giveUp()
        }
    }

    private enum Settlement {
        case mustDeliver
        /// The loop will ask for it.
        case isKept
        /// There was an answer before.
        case isLate
    }

    private func settle(_ reply: Reply) -> Settlement {
        state.withLock { state in
            switch state {
            case .handling:
                state = .answered(reply)
                return .isKept
            case .deferred:
                state = .finished
                return .mustDeliver
            case .answered, .finished: return .isLate
            }
        }
    }

    /// The answer given while the handler ran; without one, answers go to the mailbox from now on.
    func takeAnswer() -> Reply? {
        state.withLock { state in
            guard case .answered(let reply) = state else {
                state = .deferred
                return nil
            }
            state = .finished
            return reply
        }
    }

    /// Whether the client has gone, so that computing for it may stop.
    public var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    /// Notes that nobody waits for the answer any more.
    public func abandon() { abandoned.store(true, ordering: .relaxed) }
}
