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
