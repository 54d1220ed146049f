import COpenSSL
import Glibc

/// A certificate with its key and the settings of its sessions: an SSL_CTX.
@safe
final class TLSCertificate: Sendable {
    private static let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
    private static let mostCachedSessions = 4096

    // SAFETY: set up before sessions begin; OpenSSL locks what these share.
    nonisolated(unsafe) let context: OpaquePointer

    /// Reads the files; throws `certificate` if one is unusable.
    init(
        _ files: TLSConfiguration.Certificate,
        _ configuration: TLSConfiguration
    ) throws(HTTPError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw .system(operation: "Making a TLS context", errno: ENOMEM)
        }
        unsafe self.context = context
        try configure()
        try load(files)
        try verifyClients(as: configuration)
    }

    deinit {
        unsafe SSL_CTX_free(context)
    }

    private func configure() throws(HTTPError) {
        unsafe tls_set_options(context)
        unsafe tls_refuse_passwords(context)
        guard unsafe tls_require_version(context, TLS1_2_VERSION) == 1,
            unsafe SSL_CTX_set_cipher_list(context, Self.ciphers) == 1
        else { throw .system(operation: "Choosing TLS ciphers", errno: EINVAL) }
        unsafe tls_cache_sessions(context, Self.mostCachedSessions)
        let identifier = Array("striate".utf8)
        unsafe SSL_CTX_set_session_id_context(context, identifier, UInt32(identifier.count))
        unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
    }

    private func load(_ files: TLSConfiguration.Certificate) throws(HTTPError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate_chain_file(context, files.chainFile) == 1 else {
            throw .certificate(file: files.chainFile, reason: Self.lastReason())
        }
        let kind = SSL_FILETYPE_PEM
        guard unsafe SSL_CTX_use_PrivateKey_file(context, files.keyFile, kind) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .certificate(file: files.keyFile, reason: Self.lastReason()) }
    }

    private func verifyClients(as configuration: TLSConfiguration) throws(HTTPError) {
        guard configuration.clientCertificates != .none else { return }
        let file = configuration.clientAuthoritiesFile
        guard unsafe SSL_CTX_load_verify_locations(context, file, nil) == 1,
            let names = unsafe SSL_load_client_CA_file(file)
        else { throw .certificate(file: file, reason: Self.lastReason()) }
        unsafe SSL_CTX_set_client_CA_list(context, names)
        let mustHave =
            configuration.clientCertificates == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | mustHave, nil)
    }

    /// Why OpenSSL failed on this thread.
    private static func lastReason() -> String {
        let code = ERR_peek_error()
        ERR_clear_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else {
            return "it cannot be read"
        }
        return unsafe String(cString: text)
    }

    /// Whether the certificate is for this host, by the rules of RFC 6125 §6.4.
    @unsafe
    func isFor(host: UnsafePointer<CChar>) -> Bool {
        unsafe X509_check_host(SSL_CTX_get0_certificate(context), host, strlen(host), 0, nil) == 1
    }

    /// Lets tickets given out under `other` be resumed under this.
    func takeTicketKeys(of other: TLSCertificate) {
        unsafe tls_copy_ticket_keys(other.context, context)
    }

    /// When the certificate ends: "Nov 25 03:43:06 2027 GMT".
    var expiry: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            unsafe tls_expiry(SSL_CTX_get0_certificate(context), text.baseAddress, 64)
            return unsafe text.baseAddress.map { unsafe String(cString: $0) } ?? ""
        }
    }
}

/// RFC 7301: http/1.1, or an alert to a client that speaks only other protocols.
private func chooseProtocol(
    _ session: OpaquePointer?,
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?,
    _ offeredCount: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    let offers = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    var index = 0
    while index < offers.count {
        let start = index + 1
        let end = unsafe start + Int(offers[index])
        guard end <= offers.count else { break }
        // SAFETY: start..<end lies inside the list, which outlives the callback.
        let name = unsafe UnsafeBufferPointer(rebasing: offers[start..<end])
        if unsafe name.span.equals("http/1.1") {
            unsafe chosen?.pointee = name.baseAddress
            unsafe chosenCount?.pointee = UInt8(name.count)
            return SSL_TLSEXT_ERR_OK
        }
        index = end
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
