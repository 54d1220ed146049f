import Backports

/// Why a text is not base64.
public enum Base64Error: Error, Equatable, Sendable {
    case invalidCharacter(offset: Int)
    case invalidLength(Int)
    case invalidPadding(offset: Int)
}

extension Base64Error: CustomStringConvertible {
    /// A sentence a client can act on.
    public var description: String {
        switch self {
        case .invalidCharacter(let offset):
            "Character \(offset) of the base64 text is none of A-Z, a-z, 0-9, + and /."
        case .invalidLength(let length):
            "The base64 text is \(length) characters long: it must be a multiple of 4, padded with =."
        case .invalidPadding(let offset):
            "The base64 text ends wrongly at character \(offset): bits are left over after the last byte."
        }
    }
}

/// Base64 with padding (RFC 4648 section 4), read strictly.
public enum Base64 {
    /// Decodes the alphabet's characters only: no white space, no line ends, no left-over bits.
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] {
        try decode(text.utf8.span)
    }

    public static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(
                    place > group.count ? pad : alphabet[bits >> (18 - 6 * place) & 63]
                )
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decode(_ text: Span<UInt8>) throws(Base64Error) -> [UInt8] {
        guard text.count % 4 == 0 else { throw .invalidLength(text.count) }
        let padding = (1...2).prefix { $0 <= text.count && text[text.count - $0] == pad }.count
        let length = text.count - padding
        let whole = length / 4 * 4
        var invalid: UInt8 = 0
        var bytes = [UInt8](capacity: text.count / 4 * 3) { output in
            for offset in stride(from: 0, to: whole, by: 4) {
                let first = values[Int(text[offset])]
                let second = values[Int(text[offset + 1])]
                let third = values[Int(text[offset + 2])]
                let fourth = values[Int(text[offset + 3])]
                invalid |= first | second | third | fourth
                output.append(first << 2 | second >> 4)
                output.append(second << 4 | third >> 2)
                output.append(third << 6 | fourth)
            }
        }
        // Looked for only now, so that the loop has no branch.
        for offset in invalid < 64 ? whole..<length : 0..<length {
            guard values[Int(text[offset])] < 64 else { throw .invalidCharacter(offset: offset) }
        }
        try appendRest(of: text.extracting(whole..<length), to: &bytes, end: length)
        return bytes
    }

    /// The one or two bytes of a group of two or three characters.
    private static func appendRest(
        of text: Span<UInt8>,
        to bytes: inout [UInt8],
        end: Int
    ) throws(Base64Error) {
        guard !text.isEmpty else { return }
        var bits: UInt32 = 0
        for index in text.indices { bits = bits << 6 | UInt32(values[Int(text[index])]) }
        var bitCount = 6 * text.count
        while bitCount >= 8 {
            bitCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
        // RFC 4648 section 3.5: pad bits must be zero.
        guard bits & (1 << UInt32(bitCount) - 1) == 0 else {
            throw .invalidPadding(offset: end - 1)
        }
    }

    private static let pad = UInt8(ascii: "=")

    /// The value of each character, 255 for those outside the alphabet.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, character) in alphabet.utf8.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()
}

extension Base64 {
    /// The alphabet for addresses, without padding (RFC 4648 section 5).
    public static func urlEncode(_ bytes: [UInt8]) -> String {
        let text = encode(bytes).utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            case UInt8(ascii: "="): nil
            default: byte
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of such a text; nil if it is none.
    public static func urlDecode(_ text: String) -> [UInt8]? {
        var plain: [UInt8] = []
        plain.reserveCapacity(text.utf8.count + 3)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): plain.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): plain.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
            default: plain.append(byte)
            }
        }
        while plain.count % 4 != 0 { plain.append(UInt8(ascii: "=")) }
        return try? decode(plain.span)
    }
}
