import Synchronization

/// The way back for one answer.
///
/// May be used from any thread. Letting go of it without an answer answers 500.
public final class Exchange: Sendable {
    private let deliver: @Sendable (Response) -> Void
    private let abandoned = Atomic(false)
    private let answered = Atomic(false)

    /// An exchange without a connection, which hands the answer to `deliver`.
    public init(deliver: @escaping @Sendable (Response) -> Void) {
        self.deliver = deliver
    }

    /// Answers the request; only the first answer counts.
    public func respond(_ response: Response) {
        let isFirst = answered.compareExchange(
            expected: false,
            desired: true,
            ordering: .acquiringAndReleasing
        ).exchanged
        if isFirst { deliver(response) }
    }

    /// Whether the client has gone, so that computing for it may stop.
    public var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    /// Notes that nobody waits for the answer any more.
    public func abandon() { abandoned.store(true, ordering: .relaxed) }
}
