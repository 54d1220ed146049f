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
