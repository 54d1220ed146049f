/// A request that was answered, as the log and the traces tell of it.
public struct AnsweredRequest: Sendable {
    public var id: String
    public var method: String
    public var target: String
    /// Its route's template; nil for what is no route.
    public var route: String?
    public var status: Int
    /// The stable name of the error, which is the reason of a refusal.
    public var errorCode: String?
    /// The name of the client's key.
    public var keyName: String?
    public var client: String?
    public var userAgent: String?
    public var context: TraceContext?
    public var stopwatch: Stopwatch?
    public var bytesIn: Int
    public var bytesOut: Int
    /// From the complete head to the answer.
    public var duration: Duration

    public init(
        id: String,
        method: String,
        target: String,
        status: Int,
        bytesIn: Int,
        bytesOut: Int,
        duration: Duration
    ) {
        (self.id, self.method, self.target) = (id, method, target)
        (self.status, self.duration) = (status, duration)
        (self.bytesIn, self.bytesOut) = (bytesIn, bytesOut)
    }
}
