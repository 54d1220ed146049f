extension UInt8 {
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

    var isBlank: Bool { self == 0x20 || self == 0x09 }

    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

    /// The value of a hexadecimal digit.
    var hexadecimalValue: UInt8? {
        if self &- 0x30 < 10 { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
}

extension Span<UInt8> {
    /// Whether these are the characters of `other`, ASCII letters in either case.
    func equals(caseInsensitive other: some Collection<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        for character in other {
            if self[index].lowercased != character.lowercased { return false }
            index += 1
        }
        return true
    }
}
