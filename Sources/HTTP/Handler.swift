/// What a server does with requests.
///
/// All four are called on the thread of an event loop, which serves many connections: they must
/// not block.
public protocol Handler: Sendable {
    /// Says what to do with a request of which only the head is known.
    func admit(_ head: RequestHead) -> Admission

    /// Answers a complete request through `exchange`: at once, or later from any thread.
    func handle(_ request: Request, _ exchange: Exchange)

    /// The answer to a message the server itself refuses; its status should be the error's.
    func errorResponse(_ error: HTTPError, requestID: String) -> Response

    /// Takes note of an answered request, or of one whose client went away (status 499).
    func log(_ record: AccessRecord)
}

/// What to do with a request of which only the head is known.
public enum Admission: Sendable {
    /// Read a body of at most this many bytes, then handle the request.
    ///
    /// The object goes along with it: to the handler in the request, and to the record of the exchange.
    case read(bodyLimit: Int, context: (any AnyObject & Sendable)? = nil)
    /// Answer without reading the body.
    case respond(Response, context: (any AnyObject & Sendable)? = nil)
}

/// One line of an access log.
public struct AccessRecord: Sendable {
    public let requestID: String
    /// nil if the message was no request.
    public let head: RequestHead?
    public let peer: PeerAddress?
    public let status: Status
    /// Bytes of the head and of the body as decoded.
    public let bytesIn: Int
    /// Bytes of the answer, head and body.
    public let bytesOut: Int
    /// From the complete head until the answer was handed to the connection.
    public let duration: Duration
    /// What the handler wrote on the answer.
    public let note: (any AnyObject & Sendable)?
    /// What the handler said of the request's head.
    public let context: (any AnyObject & Sendable)?

    /// The method, or "-" if the request line could not be read.
    public var method: String { head?.method ?? "-" }
    /// The target, or "-" if the request line could not be read.
    public var target: String { head?.target ?? "-" }
}
