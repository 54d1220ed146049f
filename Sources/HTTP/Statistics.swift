import Synchronization

/// What a server has done since its start.
public struct Statistics: Sendable, Hashable {
    public var openConnections = 0
    public var acceptedConnections = 0
    /// Requests answered, errors included, or given up because their client went away.
    public var requests = 0
    /// Requests handed to the handler and not answered yet.
    public var requestsInFlight = 0
    public var failedHandshakes = 0
    public var bytesIn = 0
    public var bytesOut = 0

    public init() {}
}

/// The share of one event loop in the statistics.
final class LoopCounters: Sendable {
    let openConnections = Counter()
    let acceptedConnections = Counter()
    let requests = Counter()
    let requestsInFlight = Counter()
    let failedHandshakes = Counter()
    let bytesIn = Counter()
    let bytesOut = Counter()
    let turns = Counter()
    /// Connections between two requests, as told to the other loops.
    let idle = Counter()

    func add(to total: inout Statistics) {
        total.openConnections += openConnections.value
        total.acceptedConnections += acceptedConnections.value
        total.requests += requests.value
        total.requestsInFlight += requestsInFlight.value
        total.failedHandshakes += failedHandshakes.value
        total.bytesIn += bytesIn.value
        total.bytesOut += bytesOut.value
    }
}

/// A number that several threads add to.
struct Counter: ~Copyable {
    private let sum = Atomic(0)

    var value: Int { sum.load(ordering: .relaxed) }

    func add(_ amount: Int) {
        sum.wrappingAdd(amount, ordering: .relaxed)
    }
}
