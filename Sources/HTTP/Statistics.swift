/// What a server has done since its start.
public struct Statistics: Sendable, Hashable {
    public var openConnections = 0
    public var acceptedConnections = 0
    /// Requests answered, errors included.
    public var requests = 0
    public var requestsInFlight = 0
    public var bytesIn = 0
    public var bytesOut = 0

    public init() {}
}
