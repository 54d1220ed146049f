/// Finds and reads the head of a request; does no I/O.
///
/// Strict where leniency has led to smuggled requests: every line ends in CRLF, no folding, no
/// blanks around names (RFC 9112 §2.2, §3, §5).
struct HeadParser {
    let limits: Limits
    /// Bytes known not to end the head, so that a slow sender costs no second search.
    private var searched = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// The head, once `bytes`, which begin with the message, contain all of it.
    mutating func parse(_ bytes: Span<UInt8>) throws(HTTPError) -> ParsedHead? {
        guard bytes.count > 0 else { return nil }
        // A TLS or HTTP/2 client is told at its first byte.
        if !bytes[0].isTokenCharacter {
            if bytes.count == 1 && bytes[0] == .carriageReturn { return nil }
            throw .malformedRequestLine
        }
        let end = findEnd(of: bytes)
        try checkSize(bytes, end: end)
        guard let end else { return nil }
        searched = 0
        return try read(bytes.extracting(0..<end))
    }

    /// The index after the first empty line; a lone LF ends a line here and is refused later.
    private mutating func findEnd(of bytes: Span<UInt8>) -> Int? {
        while let feed = bytes.firstIndex(of: .lineFeed, from: searched) {
            searched = feed + 1
            if feed >= 1 && bytes[feed - 1] == .lineFeed { return searched }
            if feed >= 2 && bytes[feed - 1] == .carriageReturn && bytes[feed - 2] == .lineFeed {
                return searched
            }
        }
        searched = bytes.count
        return nil
    }

    private func checkSize(_ bytes: Span<UInt8>, end: Int?) throws(HTTPError) {
        let count = end ?? bytes.count
        if count > limits.requestLine {
            let line = bytes.extracting(0..<limits.requestLine)
            if line.firstIndex(of: .lineFeed, from: 0) == nil {
                throw .targetTooLong(limit: limits.requestLine)
            }
        }
        if count > limits.head { throw .headTooLarge(limit: limits.head) }
    }

    /// Reads a head that ends in an empty line, so that scans for other bytes end inside it.
    private func read(_ bytes: Span<UInt8>) throws(HTTPError) -> ParsedHead {
        var head = ParsedHead()
        var position = try readRequestLine(bytes, into: &head)
        var meaning = FieldMeaning()
        head.fields.reserveCapacity(12)
        while position < bytes.count, bytes[position] != .carriageReturn {
            if head.fields.count >= limits.fields { throw .tooManyFields(limit: limits.fields) }
            let field = try readField(bytes, at: &position)
            try meaning.note(field, in: bytes)
            head.fields.append(field)
        }
        // The only carriage return that begins a line is the one of the empty line at the end.
        guard position + 2 == bytes.count, bytes[position + 1] == .lineFeed else {
            throw .malformedField
        }
        head.count = bytes.count
        try meaning.conclude(&head)
        return head
    }

    private func readRequestLine(
        _ bytes: Span<UInt8>,
        into head: inout ParsedHead
    ) throws(HTTPError) -> Int {
        let longestMethod = 32
        var index = 0
        while bytes[index].isTokenCharacter { index += 1 }
        guard index <= longestMethod, bytes[index] == 0x20 else { throw .malformedRequestLine }
        head.method = Slice(0..<index)
        let start = index + 1
        index = start
        while bytes[index].isTargetCharacter { index += 1 }
        guard index > start, bytes[index] == 0x20 else { throw .malformedRequestLine }
        head.target = Slice(start..<index)
        head.minorVersion = try readVersion(bytes, at: index + 1)
        return index + 1 + "HTTP/1.1\r\n".utf8.count
    }

    private func readVersion(_ bytes: Span<UInt8>, at start: Int) throws(HTTPError) -> Int {
        guard start + 10 <= bytes.count,
            bytes.extracting(start..<start + 5).equals("HTTP/"),
            bytes[start + 5].isDigit, bytes[start + 6] == UInt8(ascii: "."),
            bytes[start + 7].isDigit, bytes[start + 8] == .carriageReturn,
            bytes[start + 9] == .lineFeed
        else { throw .malformedRequestLine }
        guard bytes[start + 5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return bytes[start + 7] == UInt8(ascii: "0") ? 0 : 1
    }

    private func readField(
        _ bytes: Span<UInt8>,
        at position: inout Int
    ) throws(HTTPError) -> FieldSlice {
        let start = position
        var index = start
        while bytes[index].isTokenCharacter { index += 1 }
        guard index > start, bytes[index] == UInt8(ascii: ":") else { throw .malformedField }
        let name = Slice(start..<index)
        index += 1
        while bytes[index].isBlank { index += 1 }
        let valueStart = index
        while bytes[index].isFieldCharacter { index += 1 }
        guard bytes[index] == .carriageReturn, bytes[index + 1] == .lineFeed else {
            throw .malformedField
        }
        position = index + 2
        while index > valueStart, bytes[index - 1].isBlank { index -= 1 }
        return FieldSlice(name: name, value: Slice(valueStart..<index))
    }
}

/// The parts of a head and what they say about the message.
struct ParsedHead {
    /// Bytes from the method to the empty line.
    var count = 0
    var method = Slice.none
    var target = Slice.none
    var minorVersion = 1
    var fields: [FieldSlice] = []
    var framing = Framing.none
    var contentCoding = ContentCoding.identity
    var isKeptAlive = true
    var expectsContinue = false
    var host: Slice?
    var requestID: Slice?
}
