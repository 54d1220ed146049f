import Glibc

extension UInt8 {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A

    /// Whether this may be part of a token: a method or a field name (RFC 9110 §5.6.2).
    var isTokenCharacter: Bool {
        // Bit n stands for character n, or 64 + n.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if self < 64 { return (low >> UInt64(self)) & 1 != 0 }
        return self < 128 && (high >> UInt64(self & 63)) & 1 != 0
    }

    /// Whether this may be part of a field value: everything but control characters (§5.5).
    var isFieldCharacter: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    /// Whether this may be part of a target: visible ASCII; a fragment is never sent.
    var isTargetCharacter: Bool { self > 0x20 && self < 0x7F && self != UInt8(ascii: "#") }

    var isBlank: Bool { self == 0x20 || self == 0x09 }

    var isDigit: Bool { self &- 0x30 < 10 }

    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit.
    var hexadecimalValue: UInt8? {
        if isDigit { return self & 0x0F }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }
}

extension Span<UInt8> {
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        // SAFETY: as many bytes are compared as both have.
        return unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            return unsafe memcmp(base, text.utf8Start, count) == 0
        }
    }

    /// Whether these are the characters of `text`, ASCII letters in either case.
    func equals(caseInsensitive text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        // SAFETY: indices stay below the count of both.
        return indices.allSatisfy {
            unsafe self[$0].lowercased == text.utf8Start[$0].lowercased
        }
    }

    /// Whether these are the characters of `text`, ASCII letters in either case.
    func equals(caseInsensitive text: String) -> Bool {
        guard count == text.utf8.count else { return false }
        var index = 0
        for character in text.utf8 {
            if self[index].lowercased != character.lowercased { return false }
            index += 1
        }
        return true
    }

    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        guard start < count else { return nil }
        // SAFETY: the search ends with the span.
        return unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte), count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// The text of these bytes; what is not UTF-8 becomes U+FFFD.
    var text: String {
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Whether this is a host with an optional port (RFC 9112 §3.2); a list, user or path is not.
    var isHost: Bool {
        count > 0
            && indices.allSatisfy { index in
                switch self[index] {
                case UInt8(ascii: ","), UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "?"),
                    UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "\""):
                    false
                case let byte: byte > 0x20 && byte < 0x7F
                }
            }
    }
}
