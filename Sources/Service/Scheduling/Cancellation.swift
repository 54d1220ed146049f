import Compute
import Graph
import HTTP

/// Tells a computation when its answer is no longer wanted.
struct Cancellation: Sendable {
    /// The client's time limit in milliseconds and when it ends.
    struct Deadline: Sendable {
        let milliseconds: Int
        let instant: ContinuousClock.Instant

        var isPassed: Bool { ContinuousClock.now >= instant }
    }

    private(set) var deadline: Deadline?
    /// Seconds that the request may compute, waiting not counted; 0: as long as it takes.
    var computeSeconds = 0
    private let exchange: Exchange?

    /// Of what nobody can give up.
    static let never = Cancellation()

    private init() {
        exchange = nil
    }

    /// Reads X-Request-Timeout-Ms; `exchange` says when the client has gone.
    init(_ request: Request, exchange: Exchange?) throws(ServiceError) {
        self.exchange = exchange
        guard let text = request.header("X-Request-Timeout-Ms") else {
            deadline = nil
            return
        }
        guard let milliseconds = Int(text), (1...86_400_000).contains(milliseconds) else {
            throw .invalidHeader(
                name: "X-Request-Timeout-Ms",
                expected: "an integer from 1 to 86400000",
                got: text
            )
        }
        deadline = Deadline(
            milliseconds: milliseconds,
            instant: request.arrival + .milliseconds(milliseconds)
        )
    }

    /// Ends at `instant`, `microseconds` after the arrival, if that is before the deadline so far.
    mutating func tighten(to instant: ContinuousClock.Instant, _ microseconds: Int) {
        if let deadline, deadline.instant <= instant { return }
        deadline = Deadline(milliseconds: (microseconds + 999) / 1000, instant: instant)
    }

    var isClientGone: Bool { exchange?.isAbandoned ?? false }

    /// Whether nobody waits for the answer any more, or it is too late for it.
    var isGivenUp: Bool { isClientGone || deadline?.isPassed ?? false }

    /// Polled between the layers and steps of a computation; others may come in between.
    var isCancelled: Bool {
        giveWay()
        return isGivenUp || Turn.isSpent
    }

    /// Throws when there is no longer a reason to go on.
    func check() throws(ServiceError) {
        giveWay()
        try checkQuietly()
        if Turn.isSpent { throw .computedTooLong(seconds: computeSeconds) }
    }

    /// The same for one whose turn it is not: others do not come in between.
    func checkQuietly() throws(ServiceError) {
        if isClientGone { throw .clientGone }
        if let deadline, deadline.isPassed {
            throw .deadlineExceeded(milliseconds: deadline.milliseconds)
        }
    }

    /// What a cancelled computation is to the client; other errors stay what they are.
    func explain(_ error: ModelError) -> ServiceError {
        guard error == .cancelled else { return .model(error) }
        if isClientGone { return .clientGone }
        if Turn.isSpent { return .computedTooLong(seconds: computeSeconds) }
        return .deadlineExceeded(milliseconds: deadline?.milliseconds ?? 0)
    }
}
