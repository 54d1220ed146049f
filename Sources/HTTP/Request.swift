/// A complete request, its body read.
public struct Request: Sendable {
    public let head: RequestHead
    public let body: Bytes
    /// When the head was complete.
    public let arrival: ContinuousClock.Instant
    /// Where it came from; nil if there is no connection, or no longer.
    public let peer: PeerAddress?

    /// What the handler said of its head.
    public private(set) var context: (any AnyObject & Sendable)?

    init(
        head: RequestHead,
        body: Bytes,
        arrival: ContinuousClock.Instant,
        peer: PeerAddress?,
        context: (any AnyObject & Sendable)?
    ) {
        self.head = head
        self.body = body
        self.arrival = arrival
        self.peer = peer
        self.context = context
    }

    /// The same request with another body: the one it unpacks to.
    public func replacingBody(_ body: Bytes) -> Request {
        Request(head: head, body: body, arrival: arrival, peer: peer, context: context)
    }

    /// The same request as one whose head the handler has said this of.
    public func carrying(_ context: (any AnyObject & Sendable)?) -> Request {
        Request(head: head, body: body, arrival: arrival, peer: peer, context: context)
    }

    /// A request as if it had come over a connection, for calling a handler without one.
    public init(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: Bytes = .empty,
        peer: PeerAddress? = nil
    ) throws(HTTPError) {
        head = try RequestHead(
            method: method,
            target: target,
            headers: headers,
            contentLength: body.count
        )
        self.body = body
        arrival = .now
        self.peer = peer
    }

    public var method: String { head.method }
    public var target: String { head.target }
    public var path: [String] { head.path }
    public var query: [QueryItem] { head.query }
    public var headers: HeaderFields { head.headers }
    public var requestID: String { head.requestID }

    /// The value of the first field of this name, whatever its case.
    public func header(_ name: String) -> String? { head.headers[name] }
}

/// One `name=value` of a query; the value of a bare name is empty.
public struct QueryItem: Hashable, Sendable {
    public let name: String
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// How the end of a request's body is found (RFC 9112 §6.3).
enum Framing: Hashable, Sendable {
    case none
    case length(Int)
    case chunked
}
