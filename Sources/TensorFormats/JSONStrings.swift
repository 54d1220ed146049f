extension JSONReader {
    /// Reads a string; its bytes must be UTF-8 and its escapes whole characters.
    public mutating func string() throws(JSONError) -> String {
        skipSpace()
        guard byte == UInt8(ascii: "\"") else { throw mismatch(expected: "a string") }
        let opening = unsafe cursor
        advance()
        let start = unsafe cursor
        skipPlainBytes()
        if byte == UInt8(ascii: "\"") {
            let plain = unsafe UnsafeBufferPointer(start: start, count: cursor - start)
            guard let text = unsafe String(utf8: plain) else {
                throw unsafe .invalidString(reason: "it is not UTF-8", at: position(of: opening))
            }
            advance()
            return text
        }
        return try unsafe escapedString(opening: opening, start: start)
    }

    /// The rest of a string whose first escape, or fault, is at the cursor.
    private mutating func escapedString(
        opening: UnsafePointer<UInt8>,
        start: UnsafePointer<UInt8>
    ) throws(JSONError) -> String {
        var bytes = unsafe Array(UnsafeBufferPointer(start: start, count: cursor - start))
        while byte != UInt8(ascii: "\"") {
            guard byte == UInt8(ascii: "\\") else {
                throw unsafe invalidByte(opening: opening)
            }
            try appendEscape(to: &bytes)
            let start = unsafe cursor
            skipPlainBytes()
            unsafe bytes.append(
                contentsOf: UnsafeBufferPointer(start: start, count: cursor - start)
            )
        }
        advance()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw unsafe .invalidString(reason: "it is not UTF-8", at: position(of: opening))
        }
        return text
    }

    private func invalidByte(opening: UnsafePointer<UInt8>) -> JSONError {
        if unsafe cursor >= textEnd {
            return unsafe .invalidString(reason: "it has no end", at: position(of: opening))
        }
        let reason = "a control character must be written as an escape, and \(found) is not"
        return .invalidString(reason: reason, at: position)
    }

    /// Stops at a quote, a backslash or a control character; the zero after the text is one.
    private mutating func skipPlainBytes() {
        // Eight bytes at once: long strings are images in base64.
        while unsafe textEnd - cursor >= 8 {
            let word = unsafe UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self)
            let ones: UInt64 = 0x0101_0101_0101_0101
            let quote = word ^ ones &* 0x22
            let backslash = word ^ ones &* 0x5C
            let marks =
                ((quote &- ones) & ~quote)
                | ((backslash &- ones) & ~backslash)
                | ((word &- ones &* 0x20) & ~word)
            if marks & (ones << 7) != 0 { break }
            unsafe cursor += 8
        }
        while byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { advance() }
    }

    private mutating func appendEscape(to bytes: inout [UInt8]) throws(JSONError) {
        let place = unsafe cursor
        advance()
        let letter = byte
        if letter == UInt8(ascii: "u") {
            advance()
            let scalar = try unsafe escapedScalar(at: place)
            bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
            return
        }
        guard let plain = Self.escapes[letter] else {
            throw unsafe .invalidString(reason: "\\\(found) is no escape", at: position(of: place))
        }
        bytes.append(plain)
        advance()
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
        UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    /// One \uXXXX, or two that form a surrogate pair (RFC 8259 section 7).
    private mutating func escapedScalar(
        at place: UnsafePointer<UInt8>
    ) throws(JSONError) -> Unicode.Scalar {
        let first = try unsafe fourHexDigits(at: place)
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xDC00, isNext("\\u") {
            unsafe cursor += 2
            let second = try unsafe fourHexDigits(at: place)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        let reason = "half of a surrogate pair stands alone"
        throw unsafe .invalidString(reason: reason, at: position(of: place))
    }

    private mutating func fourHexDigits(at place: UnsafePointer<UInt8>) throws(JSONError) -> UInt32
    {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigitValue(byte) else {
                let reason = "\\u needs four hexadecimal digits"
                throw unsafe .invalidString(reason: reason, at: position(of: place))
            }
            value = value << 4 | digit
            advance()
        }
        return value
    }
}

private func hexDigitValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}
