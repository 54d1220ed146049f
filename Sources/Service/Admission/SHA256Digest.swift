import COpenSSL

/// SHA-256 (FIPS 180-4) by libcrypto.
enum SHA256Digest {
    static func bytes(of message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: KeyDigest.byteCount)
        // SAFETY: reads the message's bytes and writes the 32 of the digest.
        _ = unsafe SHA256(message, message.count, &digest)
        return digest
    }
}
