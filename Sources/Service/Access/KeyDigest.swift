import COpenSSL

/// The SHA-256 of an API key: all that the server keeps of it.
///
/// Keys are 256 random bits, so that neither salt nor a slow hash would add anything.
public struct KeyDigest: Hashable, Sendable {
    static let byteCount = 32

    private let bytes: [UInt8]

    public init(of key: String) {
        let text = Array(key.utf8)
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        // SAFETY: reads the text's bytes and writes the 32 of the digest.
        _ = unsafe SHA256(text, text.count, &digest)
        bytes = digest
    }

    /// From 64 hexadecimal digits.
    init?(hexadecimal text: String) {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard text.utf8.count == 2 * Self.byteCount, digits.count == text.utf8.count else {
            return nil
        }
        bytes = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    public var hexadecimal: String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Compares in a time that does not depend on where the digests differ.
    func matches(_ other: KeyDigest) -> Bool {
        // SAFETY: both hold `byteCount` bytes.
        unsafe CRYPTO_memcmp(bytes, other.bytes, Self.byteCount) == 0
    }
}
