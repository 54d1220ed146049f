extension JSONReader {
    /// Reads a number as the nearest float; refuses what is too large for one.
    public mutating func float() throws(JSONError) -> Float {
        if let value = nonFinite() { return Float(value) }
        try expectNumber("a number")
        var place = unsafe cursor
        guard let value = unsafe parseFloat(&place) else {
            throw numberError(type: "a 32-bit float")
        }
        unsafe cursor = place
        try checkEndOfNumber()
        return value
    }

    /// Reads a number as the nearest double; refuses what is too large for one.
    public mutating func double() throws(JSONError) -> Double {
        if let value = nonFinite() { return value }
        try expectNumber("a number")
        var place = unsafe cursor
        guard unsafe DecimalNumber(&place) != nil else { throw numberError(type: "a 64-bit float") }
        // SAFETY: the scan ended inside the text.
        let bytes = unsafe UnsafeBufferPointer(start: cursor, count: place - cursor)
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw .numberOutOfRange(token, type: "a 64-bit float", at: position)
        }
        unsafe cursor = place
        try checkEndOfNumber()
        return value
    }

    /// Reads a number without fraction and exponent.
    public mutating func integer() throws(JSONError) -> Int {
        try expectNumber("an integer")
        var place = unsafe cursor
        guard let decimal = unsafe DecimalNumber(&place) else {
            throw numberError(type: "an integer")
        }
        guard decimal.isInteger else {
            throw .typeMismatch(expected: "an integer", got: found, at: position)
        }
        // 18 digits always fit; the last few values that 19 digits could add are no loss.
        guard decimal.digits <= 18 else {
            throw .numberOutOfRange(token, type: "an integer", at: position)
        }
        unsafe cursor = place
        try checkEndOfNumber()
        return decimal.isNegative ? -Int(decimal.significand) : Int(decimal.significand)
    }

    public mutating func boolean() throws(JSONError) -> Bool {
        skipSpace()
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        if byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f") { throw mismatchedWord }
        throw mismatch(expected: "true or false")
    }

    /// Reads `null` if it comes next, and says whether it did.
    public mutating func null() throws(JSONError) -> Bool {
        skipSpace()
        if takeWord("null") { return true }
        // A word that only begins like null would otherwise be taken for no value at all.
        if byte == UInt8(ascii: "n") { throw mismatchedWord }
        return false
    }

    /// What is not finite, if it comes next and is allowed: in the words that Python, JavaScript and RapidJSON share.
    mutating func nonFinite() -> Double? {
        guard allowsNonFinite else { return nil }
        skipSpace()
        switch byte {
        case UInt8(ascii: "N"): return takeWord("NaN") ? .nan : nil
        case UInt8(ascii: "I"): return takeWord("Infinity") ? .infinity : nil
        case UInt8(ascii: "-"): return takeWord("-Infinity") ? -.infinity : nil
        default: return nil
        }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        guard isNext(word) else { return false }
        // The zero after the text can be looked at, too.
        guard unsafe !isTokenByte(cursor[word.utf8CodeUnitCount]) else { return false }
        unsafe cursor += word.utf8CodeUnitCount
        return true
    }

    private var mismatchedWord: JSONError {
        if let token = nonFiniteToken { return .notFinite(token: token, at: position) }
        return syntaxError("a JSON value")
    }

    mutating func expectNumber(_ expected: String) throws(JSONError) {
        skipSpace()
        let isDigit = byte &- 48 <= 9
        let isNegative = unsafe byte == UInt8(ascii: "-") && !isLetter(cursor[1])
        guard isDigit || isNegative else { throw mismatch(expected: expected) }
    }

    /// What may follow a number is a mark, white space or the end: anything else belongs to the token.
    mutating func checkEndOfNumber() throws(JSONError) {
        guard isTokenByte(byte) else { return }
        throw syntaxError("a comma or the end of the value after a number")
    }

    /// Says what is wrong with the number at the cursor, which was refused.
    func numberError(type: String) -> JSONError {
        if let token = nonFiniteToken { return .notFinite(token: token, at: position) }
        let token = token
        let text = token.drop { $0 == "-" }
        let reason: String? =
            if token.hasPrefix("+") {
                "it may not begin with +"
            } else if text.hasPrefix(".") {
                "a digit must come before the point"
            } else if text.isEmpty || !text.utf8.allSatisfy({ Self.isNumeric($0) }) {
                "only digits, a point and an exponent make a number"
            } else if text.hasPrefix("0"),
                text.dropFirst().utf8.first.map({ $0 &- 48 <= 9 }) == true
            {
                "a leading zero must stand alone"
            } else if token.hasSuffix("…") || Double(token) != nil, !text.hasSuffix("."),
                !text.contains(".e"), !text.contains(".E")
            {
                nil
            } else {
                "a digit is missing"
            }
        guard let reason else { return .numberOutOfRange(token, type: type, at: position) }
        return .invalidNumber(token, reason: reason, at: position)
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        byte &- 48 <= 9 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }
}
