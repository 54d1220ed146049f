extension RequestHead {
    /// The head that `parsed` describes within `bytes`.
    init(
        _ parsed: ParsedHead,
        in bytes: Span<UInt8>,
        identifiers: inout RequestIdentifiers
    ) throws(HTTPError) {
        method = bytes.extracting(parsed.method.range).text
        if method == "CONNECT" { throw .methodNotImplemented }
        let form = bytes.extracting(try Self.originForm(of: parsed.target.range, in: bytes))
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
        isKeptAlive = parsed.isKeptAlive
        expectsContinue = parsed.expectsContinue
        minorVersion = parsed.minorVersion
        byteCount = parsed.count
    }

    /// The target without the scheme and authority of an absolute form (RFC 9112 §3.2.2).
    ///
    /// The authority overrides Host, and like it names nothing here: all hosts are one server.
    private static func originForm(
        of target: Range<Int>,
        in bytes: Span<UInt8>
    ) throws(HTTPError) -> Range<Int> {
        if bytes[target.lowerBound] == UInt8(ascii: "/") { return target }
        for scheme in ["http://", "https://"] as [StaticString] {
            let start = target.lowerBound + scheme.utf8CodeUnitCount
            guard start <= target.upperBound,
                bytes.extracting(target.lowerBound..<start).equals(caseInsensitive: scheme)
            else { continue }
            let end =
                (start..<target.upperBound).first {
                    bytes[$0] == UInt8(ascii: "/") || bytes[$0] == UInt8(ascii: "?")
                } ?? target.upperBound
            guard bytes.extracting(start..<end).isHost else { throw .malformedTarget }
            return end..<target.upperBound
        }
        // What remains but "*" is the authority form, which only CONNECT has.
        guard bytes.extracting(target).equals("*") else { throw .malformedTarget }
        return target
    }
}

extension RequestHead {
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
        var identifiers = RequestIdentifiers()
        requestID = self.headers["X-Request-Id"] ?? identifiers.next()
        self.contentLength = contentLength
        framing = contentLength > 0 ? .length(contentLength) : .none
        isKeptAlive = true
        expectsContinue = false
        minorVersion = 1
        byteCount = text.count
    }
}
