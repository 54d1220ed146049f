/// What the fields of a head say about framing, connection and host.
struct FieldMeaning {
    private var host: Slice?
    private var contentLength: Int?
    private var isChunked = false
    private var hasOtherTransferCoding = false
    private var contentCoding: ContentCoding?
    private var hasUnknownContentCoding = false
    private var closes = false
    private var keepsAlive = false
    private var expectsContinue = false
    private var requestID: Slice?

    /// Takes note of one field of the head `bytes`.
    mutating func note(_ field: FieldSlice, in bytes: Span<UInt8>) throws(HTTPError) {
        let name = bytes.extracting(field.name.range)
        let value = bytes.extracting(field.value.range)
        switch name.count {
        case 4 where name.equals(caseInsensitive: "host"): try noteHost(value, field.value)
        case 6 where name.equals(caseInsensitive: "expect"): try noteExpectation(value)
        case 10 where name.equals(caseInsensitive: "connection"): noteConnection(value)
        case 12 where name.equals(caseInsensitive: "x-request-id"):
            if isSaneIdentifier(value) { requestID = field.value }
        case 14 where name.equals(caseInsensitive: "content-length"): try noteLength(value)
        case 16 where name.equals(caseInsensitive: "content-encoding"):
            noteContentCoding(value)
        case 17 where name.equals(caseInsensitive: "transfer-encoding"):
            try noteTransferCoding(value)
        default: break
        }
    }

    /// Judges the fields together, once all are noted.
    func conclude(_ head: inout ParsedHead) throws(HTTPError) {
        if host == nil && head.minorVersion == 1 { throw .missingHost }
        if isChunked {
            // RFC 9112 §6.1, §6.3: both lengths, or chunks in 1.0, are a sign of smuggling.
            if contentLength != nil { throw .conflictingLengths }
            if head.minorVersion == 0 { throw .invalidTransferEncoding }
            if hasOtherTransferCoding { throw .unsupportedTransferEncoding }
            head.framing = .chunked
        } else if let contentLength, contentLength > 0 {
            head.framing = .length(contentLength)
        }
        if head.framing != .none {
            if hasUnknownContentCoding { throw .unsupportedContentEncoding }
            head.contentCoding = contentCoding ?? .identity
        }
        head.isKeptAlive = !closes && (head.minorVersion == 1 || keepsAlive)
        head.expectsContinue = expectsContinue && head.minorVersion == 1
        head.host = host
        head.requestID = requestID
    }

    /// RFC 9112 §3.2: exactly one, and valid.
    private mutating func noteHost(_ value: Span<UInt8>, _ slice: Slice) throws(HTTPError) {
        guard host == nil, value.isHost else { throw .invalidHost }
        host = slice
    }

    private mutating func noteExpectation(_ value: Span<UInt8>) throws(HTTPError) {
        guard value.equals(caseInsensitive: "100-continue") else { throw .unknownExpectation }
        expectsContinue = true
    }

    private mutating func noteConnection(_ value: Span<UInt8>) {
        var index = 0
        while index < value.count {
            let start = index
            while index < value.count, value[index].isTokenCharacter { index += 1 }
            let option = value.extracting(start..<index)
            if option.equals(caseInsensitive: "close") { closes = true }
            if option.equals(caseInsensitive: "keep-alive") { keepsAlive = true }
            index = max(index, start + 1)
        }
    }

    private mutating func noteLength(_ value: Span<UInt8>) throws(HTTPError) {
        // 18 digits fit an Int.
        guard contentLength == nil, (1...18).contains(value.count) else {
            throw .invalidContentLength
        }
        var length = 0
        for index in value.indices {
            guard value[index].isDigit else { throw .invalidContentLength }
            length = length * 10 + Int(value[index] & 0x0F)
        }
        contentLength = length
    }

    /// RFC 9110 §8.4: one coding is undone; a list of several, in one field or more, is not.
    private mutating func noteContentCoding(_ value: Span<UInt8>) {
        let coding = ContentCoding(value)
        if coding == nil || contentCoding != nil { hasUnknownContentCoding = true }
        contentCoding = coding
    }

    /// RFC 9112 §6.1: chunked must be the last coding, once; no other is implemented.
    private mutating func noteTransferCoding(_ value: Span<UInt8>) throws(HTTPError) {
        if isChunked { throw .invalidTransferEncoding }
        var start = value.count
        while start > 0, value[start - 1] != UInt8(ascii: ",") { start -= 1 }
        hasOtherTransferCoding = start > 0
        while start < value.count, value[start].isBlank { start += 1 }
        guard value.extracting(start..<value.count).equals(caseInsensitive: "chunked") else {
            throw .invalidTransferEncoding
        }
        isChunked = true
    }

    private func isSaneIdentifier(_ value: Span<UInt8>) -> Bool {
        guard (1...128).contains(value.count) else { return false }
        return value.indices.allSatisfy { value[$0] > 0x20 && value[$0] < 0x7F }
    }
}
