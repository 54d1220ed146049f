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

/// The same of a message that comes in pieces.
@safe
struct SHA256Stream: ~Copyable {
    // SAFETY: made and freed here alone.
    private let context: OpaquePointer?

    init() {
        unsafe context = EVP_MD_CTX_new()
        let isReady = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(isReady == 1, "libcrypto has no SHA-256")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func add(_ bytes: [UInt8]) {
        // SAFETY: reads the piece's bytes.
        _ = unsafe EVP_DigestUpdate(context, bytes, bytes.count)
    }

    mutating func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: KeyDigest.byteCount)
        // SAFETY: writes the 32 bytes of the digest.
        _ = unsafe EVP_DigestFinal_ex(context, &digest, nil)
        return digest
    }
}
