/// A complete request, its body read.
public struct Request: Sendable {
    public let head: RequestHead
    public let body: Bytes
    /// When the head was complete.
    public let arrival: ContinuousClock.Instant

    init(head: RequestHead, body: Bytes, arrival: ContinuousClock.Instant) {
        self.head = head
        self.body = body
        self.arrival = arrival
    }

    /// A request as if it had come over a connection, for calling a handler without one.
    public init(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: Bytes = .empty
    ) throws(HTTPError) {
        head = try RequestHead(
            method: method,
            target: target,
            headers: headers,
            contentLength: body.count
        )
        self.body = body
        arrival = .now
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

/// What is known of a request before its body is read.
public struct RequestHead: Sendable {
    /// The method as sent; methods are case-sensitive.
    public let method: String
    /// The target as sent, without the scheme and authority of an absolute form; `*` for a whole
    /// server, which only OPTIONS may ask.
    public let target: String
    /// The segments of the path, each percent-decoded once; "/" and "*" have none.
    ///
    /// A decoded segment may contain "/": it never names a file. A slash at the end makes an
    /// empty last segment.
    public let path: [String]
    /// The items of the query, percent- and plus-decoded, in the order sent.
    public let query: [QueryItem]
    public let headers: HeaderFields
    /// The client's X-Request-Id if it is at most 128 visible ASCII characters, else a new one.
    public let requestID: String
    /// The length of the body if it was declared; nil when it comes in chunks.
    public let contentLength: Int?
    let framing: Framing
    let isKeptAlive: Bool
    let expectsContinue: Bool
    let minorVersion: Int
    /// Bytes of request line and fields.
    let byteCount: Int

    public var hasBody: Bool { framing != .none }

    /// The value of the first field of this name, whatever its case.
    public func header(_ name: String) -> String? { headers[name] }
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
