/// What is known of a request before its body is read.
///
/// A class because it is handed on, unchanged, more often than it is read.
public final class RequestHead: Sendable {
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
    /// The host, with a port or without, that the request is for: of an absolute target its authority, else the
    /// field Host; nil where HTTP/1.0 names none.
    public let authority: String?
    /// The client's X-Request-Id if it is at most 128 visible ASCII characters, else a new one.
    public let requestID: String
    /// The length of the body if it was declared; nil when it comes in chunks.
    public let contentLength: Int?
    /// How the body is packed; handlers unpack it, as that is no work for an event loop.
    public let contentCoding: ContentCoding
    let framing: Framing
    let isKeptAlive: Bool
    let expectsContinue: Bool
    let minorVersion: Int
    /// Bytes of request line and fields.
    let byteCount: Int

    /// The head that `parsed` describes within `bytes`.
    init(
        _ parsed: ParsedHead,
        in bytes: Span<UInt8>,
        identifiers: inout RequestIdentifiers
    ) throws(HTTPError) {
        method = bytes.extracting(parsed.method.range).text
        if method == "CONNECT" { throw .methodNotImplemented }
        let (range, named) = try Self.originForm(of: parsed, in: bytes)
        let form = bytes.extracting(range)
        // RFC 9112 §3.2.2: the field Host is ignored where the target names one.
        authority = (named ?? parsed.host?.range).map { bytes.extracting($0).text }
        if form.equals("*") {
            if method != "OPTIONS" { throw .malformedTarget }
            target = "*"
            path = []
            query = []
        } else if form.count == 0 || form[0] == UInt8(ascii: "?") {
            // RFC 9112 §3.2.2: an absolute form may leave out the path "/".
            target = "/" + form.text
            path = []
            query = try Target(target.utf8.span).query
        } else {
            let parts = try Target(form)
            target = form.text
            path = parts.path
            query = parts.query
        }
        headers = HeaderFields(
            head: unsafe bytes.extracting(0..<parsed.count).withUnsafeBufferPointer {
                unsafe Array($0)
            },
            slices: parsed.fields
        )
        requestID =
            if let slice = parsed.requestID {
                bytes.extracting(slice.range).text
            } else {
                identifiers.next()
            }
        contentLength =
            switch parsed.framing {
            case .none: 0
            case .length(let length): length
            case .chunked: nil
            }
        framing = parsed.framing
        contentCoding = parsed.contentCoding
        isKeptAlive = parsed.isKeptAlive
        expectsContinue = parsed.expectsContinue
        minorVersion = parsed.minorVersion
        byteCount = parsed.count
    }

    /// A head as if it had been parsed, for calling a handler without a connection.
    init(
        method: String,
        target: String,
        headers: [(String, String)],
        contentLength: Int
    ) throws(HTTPError) {
        var text: [UInt8] = []
        var slices: [FieldSlice] = []
        for (name, value) in headers {
            let start = text.count
            text += name.utf8
            let middle = text.count
            text += value.utf8
            slices.append(
                FieldSlice(name: Slice(start..<middle), value: Slice(middle..<text.count))
            )
        }
        guard target.utf8.allSatisfy(\.isTargetCharacter) else { throw .malformedTarget }
        let parts = try Target(target.utf8.span)
        self.method = method
        self.target = target
        path = parts.path
        query = parts.query
        self.headers = HeaderFields(head: text, slices: slices)
        authority = self.headers["Host"]
        var identifiers = RequestIdentifiers()
        requestID = self.headers["X-Request-Id"] ?? identifiers.next()
        self.contentLength = contentLength
        framing = contentLength > 0 ? .length(contentLength) : .none
        contentCoding =
            self.headers["Content-Encoding"].flatMap { ContentCoding($0.utf8.span) } ?? .identity
        isKeptAlive = true
        expectsContinue = false
        minorVersion = 1
        byteCount = text.count
    }

    public var hasBody: Bool { framing != .none }

    /// The value of the first field of this name, whatever its case.
    public func header(_ name: String) -> String? { headers[name] }

    /// The target without the scheme and authority of an absolute form, and where that authority stands.
    private static func originForm(
        of head: ParsedHead,
        in bytes: Span<UInt8>
    ) throws(HTTPError) -> (form: Range<Int>, authority: Range<Int>?) {
        let target = head.target.range
        if bytes[target.lowerBound] == UInt8(ascii: "/") { return (target, nil) }
        let schemes: [StaticString] = ["http://", "https://"]
        for scheme in schemes {
            let start = target.lowerBound + scheme.utf8CodeUnitCount
            guard start <= target.upperBound,
                bytes.extracting(target.lowerBound..<start).equals(caseInsensitive: scheme)
            else { continue }
            let end =
                (start..<target.upperBound).first {
                    bytes[$0] == UInt8(ascii: "/") || bytes[$0] == UInt8(ascii: "?")
                } ?? target.upperBound
            guard bytes.extracting(start..<end).isHost else { throw .malformedTarget }
            return (end..<target.upperBound, start..<end)
        }
        // What remains but "*" is the authority form, which only CONNECT has.
        guard bytes.extracting(target).equals("*") else { throw .malformedTarget }
        return (target, nil)
    }
}
