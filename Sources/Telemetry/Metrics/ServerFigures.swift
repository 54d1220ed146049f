/// Figures only the server knows.
public struct ServerFigures: Sendable {
    public var openConnections: Int
    public var acceptedConnections: Int
    public var requestsInFlight: Int

    public init(openConnections: Int, acceptedConnections: Int, requestsInFlight: Int) {
        self.openConnections = openConnections
        self.acceptedConnections = acceptedConnections
        self.requestsInFlight = requestsInFlight
    }
}

/// What a store of sessions was asked for.
public struct StoreFigures: Sendable {
    public var answered = 0
    /// Changes that another server was faster with.
    public var conflicts = 0
    public var failed = 0

    public init() {}
}

/// What waits for a core and has one.
public struct LoadFigures: Sendable {
    public var waiting: Int
    public var running: Int
    public var predictedWaitSeconds: Double
    public var waitingByModel: [ModelLabel: Int]
    /// Sessions, and the bytes that count for them.
    public var sessions = 0
    public var sessionBytes = 0
    /// Computations of several requests as one, and the requests in them.
    public var joinedBatches = 0
    public var joinedRequests = 0
    /// What tells the weights of served models from others, where it is known.
    public var digests: [ModelLabel: String] = [:]
    /// Questions to the store that servers share sessions in, by how they ended; nil where there is none.
    public var store: StoreFigures?

    public init(
        waiting: Int,
        running: Int,
        predictedWaitSeconds: Double,
        waitingByModel: [ModelLabel: Int]
    ) {
        (self.waiting, self.running) = (waiting, running)
        self.predictedWaitSeconds = predictedWaitSeconds
        self.waitingByModel = waitingByModel
    }
}
