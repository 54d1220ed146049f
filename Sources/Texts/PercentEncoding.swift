/// The text with every byte but letters and digits of ASCII as % and two hexadecimal digits (RFC 3986 §2.1).
public func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        let letter = Character(Unicode.Scalar(byte))
        let isPlain = byte < 128 && (letter.isLetter || letter.isNumber)
        return isPlain ? String(letter) : "%" + hexadecimal([byte]).uppercased()
    }.joined()
}

/// The text that such a one stands for; nil where a % stands before other than two digits, or the bytes are no UTF-8.
public func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard let decoded = hexadecimalBytes(digits), decoded.count == 1 else { return nil }
        bytes += decoded
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}
