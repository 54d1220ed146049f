// The reader's smallest moves, and how it says what it found instead.
extension JSONReader {
    /// The next byte, 0 at the end.
    var byte: UInt8 { unsafe cursor.pointee }

    /// Where the reader stands; after white space, where the next value begins.
    public var position: JSONPosition { unsafe position(of: cursor) }

    func position(of place: UnsafePointer<UInt8>) -> JSONPosition {
        var (line, column) = (1, 1)
        let before = unsafe Span(_unsafeStart: textStart, count: place - textStart)
        for index in before.indices {
            if before[index] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return JSONPosition(offset: unsafe place - textStart, line: line, column: column)
    }

    mutating func advance() {
        unsafe cursor += 1
    }

    mutating func skipSpace() {
        unsafe Self.skipSpace(&cursor)
    }

    @unsafe static func skipSpace(_ place: inout UnsafePointer<UInt8>) {
        while true {
            switch unsafe place.pointee {
            case 0x20, 0x0A, 0x0D, 0x09: unsafe place += 1
            default: return
            }
        }
    }

    /// Skips white space, then the mark if it comes next, and says whether it did.
    mutating func take(_ mark: Unicode.Scalar) throws(JSONError) -> Bool {
        skipSpace()
        guard byte == UInt8(ascii: mark) else { return false }
        advance()
        return true
    }

    /// The kind of the next value, judged by its first byte.
    public mutating func peek() throws(JSONError) -> JSONKind {
        skipSpace()
        guard let kind = kindByFirstByte else { throw mismatch(expected: "a JSON value") }
        return kind
    }

    private var kindByFirstByte: JSONKind? {
        switch byte {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): isNext("nan") ? nil : .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): allowsNonFinite ? .number : nil
        default: nil
        }
    }

    /// What stands at the cursor, in words.
    var found: String {
        if unsafe cursor >= textEnd { return "the end of the text" }
        switch kindByFirstByte {
        case .object: return "an object"
        case .array: return "an array"
        case .string: return "a string"
        case .number: return "the number \(token)"
        case .boolean, .null: return token
        case nil: break
        }
        if (0x21..<0x7F).contains(byte) {
            return token.utf8.count > 1 ? token : "'\(Unicode.Scalar(byte))'"
        }
        return "byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// The run of letters, digits, signs and points at the cursor, shortened.
    var token: String {
        var bytes: [UInt8] = []
        var place = unsafe cursor
        while unsafe place < textEnd, bytes.count < 32 {
            let byte = unsafe place.pointee
            guard isTokenByte(byte) else { break }
            bytes.append(byte)
            unsafe place += 1
        }
        return String(decoding: bytes, as: UTF8.self) + (bytes.count == 32 ? "…" : "")
    }

    func isNext(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard unsafe textEnd - cursor >= count else { return false }
        return (0..<count).allSatisfy { unsafe cursor[$0] == word.utf8Start[$0] }
    }

    func syntaxError(_ expected: String) -> JSONError {
        .syntax(expected: expected, got: found, at: position)
    }

    /// A value of another kind is a mismatch; what begins no value at all is a fault of syntax.
    func mismatch(expected: String) -> JSONError {
        if let token = nonFiniteToken { return .notFinite(token: token, at: position) }
        if kindByFirstByte != nil {
            return .typeMismatch(expected: expected, got: found, at: position)
        }
        let isSignOrPoint = byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
        return isSignOrPoint ? numberError(type: expected) : syntaxError(expected)
    }

    /// NaN and Infinity as other languages print them.
    var nonFiniteToken: String? {
        let token = token
        let name = token.lowercased().drop { $0 == "-" || $0 == "+" }
        return ["nan", "inf", "infinity"].contains(String(name)) ? token : nil
    }

    /// The error for a key that is not one of `known`, to be thrown from an object's closure.
    public func unknownKey(_ key: String, known: [String]) -> JSONError {
        .unknownKey(key, known: known, at: position)
    }

    /// The error for a key that an object, just read, did not have.
    public func missingKey(_ key: String) -> JSONError {
        .missingKey(key, at: position)
    }

    /// The error for a value, just about to be read, that breaks a rule of the caller's.
    public func invalid(_ reason: String) -> JSONError {
        .invalid(reason: reason, at: position)
    }
}

func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte | 0x20)
}

/// Letters, digits, signs and points: what a client may have meant as one word or number.
func isTokenByte(_ byte: UInt8) -> Bool {
    isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
}
