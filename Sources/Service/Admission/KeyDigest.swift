import COpenSSL
import Texts

/// The SHA-256 of an API key: all that the server keeps of it.
///
/// Keys are 256 random bits, so that neither salt nor a slow hash would add anything.
public struct KeyDigest: Hashable, Sendable {
    static let byteCount = 32

    private let bytes: [UInt8]

    public init(of key: String) {
        bytes = SHA256Digest.bytes(of: Array(key.utf8))
    }

    /// From 64 hexadecimal digits.
    init?(hexadecimal text: String) {
        guard let bytes = hexadecimalBytes(text), bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    public var hexadecimal: String { Texts.hexadecimal(bytes) }

    /// Compares in a time that does not depend on where the digests differ.
    func matches(_ other: KeyDigest) -> Bool {
        // SAFETY: both hold `byteCount` bytes.
        unsafe CRYPTO_memcmp(bytes, other.bytes, Self.byteCount) == 0
    }
}
