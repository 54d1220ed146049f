import Synchronization

/// The way back for one answer.
///
/// May be used from any thread. Letting go of it without an answer answers 500.
public final class Exchange: Sendable {
    private enum State {
        /// The handler has not returned yet; its loop will ask for the answer.
        case handling
        case answered(Response)
        /// The loop has gone on; an answer must be brought to it.
        case deferred
        case finished
    }

    private enum Destination {
        case connection(Mailbox, ConnectionToken)
        case function(@Sendable (Response) -> Void)
    }

    private let destination: Destination
    private let state: Mutex<State>
    private let abandoned = Atomic(false)

    /// An exchange without a connection, which hands the answer to `deliver`.
    public init(deliver: @escaping @Sendable (Response) -> Void) {
        destination = .function(deliver)
        state = Mutex(.deferred)
    }

    init(mailbox: Mailbox, connection: ConnectionToken) {
        destination = .connection(mailbox, connection)
        state = Mutex(.handling)
    }

    deinit {
        guard state.withLock({ if case .deferred = $0 { true } else { false } }) else { return }
        switch destination {
        case .connection(let mailbox, let token): mailbox.post(.noAnswer(token))
        case .function(let deliver): deliver(Response(.internalServerError))
        }
    }

    /// Answers the request; only the first answer counts.
    public func respond(_ response: Response) {
        let mustDeliver = state.withLock { state in
            switch state {
            case .handling:
                state = .answered(response)
                return false
            case .deferred:
                state = .finished
                return true
            case .answered, .finished: return false
            }
        }
        guard mustDeliver else { return }
        switch destination {
        case .connection(let mailbox, let token): mailbox.post(.answer(token, response))
        case .function(let deliver): deliver(response)
        }
    }

    /// The answer given while the handler ran; without one, answers go to the mailbox from now on.
    func takeAnswer() -> Response? {
        state.withLock { state in
            guard case .answered(let response) = state else {
                state = .deferred
                return nil
            }
            state = .finished
            return response
        }
    }

    /// Whether the client has gone, so that computing for it may stop.
    public var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    /// Notes that nobody waits for the answer any more.
    public func abandon() { abandoned.store(true, ordering: .relaxed) }
}
