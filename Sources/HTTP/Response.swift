/// An answer; the server adds Date, Content-Length, Connection and X-Request-Id.
public struct Response: Sendable {
    public var status: Status
    /// Fields in the order they are sent.
    ///
    /// The fields that the server adds are ignored here; so are fields whose name is not a token,
    /// and control characters in values become spaces.
    public var headers: [(String, String)]
    public var body: [UInt8]
    /// Whether the connection ends after this answer.
    public var closesConnection: Bool
    /// For the handler's own log of this answer; not sent.
    public var note: (any AnyObject & Sendable)?

    public init(
        _ status: Status,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        closesConnection: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.closesConnection = closesConnection
    }
}
