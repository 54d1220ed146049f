/// Why a text is not base64.
public enum Base64Error: Error, Equatable, Sendable {
    case invalidCharacter(offset: Int)
    case invalidLength(Int)
    case invalidPadding(offset: Int)
}

/// Base64 with padding (RFC 4648 section 4), read strictly.
public enum Base64 {
    public static func decode(_ text: String) throws(Base64Error) -> [UInt8] { [] }
}
