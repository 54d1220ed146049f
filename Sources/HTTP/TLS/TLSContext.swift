import COpenSSL

/// Certificates and settings that sessions begin with; never changed, only replaced.
final class TLSContext: Sendable {
    /// The first is the default.
    private let certificates: [TLSCertificate]
    private let configuration: TLSConfiguration

    /// Reads the files; throws `certificate` if one is unusable.
    ///
    /// Tickets given out under `previous` stay valid, unless clients are verified: who is
    /// accepted may have changed.
    init(_ configuration: TLSConfiguration, replacing previous: TLSContext?) throws(HTTPError) {
        var certificates: [TLSCertificate] = []
        for files in configuration.certificates {
            certificates.append(try TLSCertificate(files, configuration))
        }
        self.certificates = certificates
        self.configuration = configuration
        for certificate in certificates { certificate.setNameCallback(of: self) }
        guard let previous, configuration.clientCertificates == .none,
            previous.configuration.clientCertificates == .none
        else { return }
        for (old, new) in zip(previous.certificates, certificates) { new.takeTicketKeys(of: old) }
    }

    /// A session on a connected socket, before its handshake; nil when memory is short.
    func makeSession(socket: Int32) -> TLSSession? {
        guard let first = certificates.first, let session = unsafe SSL_new(first.context) else {
            return nil
        }
        unsafe SSL_set_accept_state(session)
        unsafe SSL_set_fd(session, socket)
        return unsafe TLSSession(adopting: session, of: self)
    }

    /// Switches a session to the certificate for the host its client names, if there is one.
    @unsafe
    fileprivate func choose(for session: OpaquePointer) {
        guard let name = unsafe SSL_get_servername(session, TLSEXT_NAMETYPE_host_name),
            let certificate = certificates.first(where: { unsafe $0.isFor(host: name) })
        else { return }
        unsafe SSL_set_SSL_CTX(session, certificate.context)
    }

    /// What was read, for a log: each file and when its certificate ends.
    var summary: String {
        zip(certificates, configuration.certificates)
            .map { "\($1.chainFile) until \($0.expiry)" }
            .joined(separator: ", ")
    }
}

extension TLSCertificate {
    fileprivate func setNameCallback(of owner: TLSContext) {
        // SAFETY: a session keeps its TLSContext, which is the argument, alive.
        unsafe tls_set_name_callback(
            context,
            chooseCertificate,
            Unmanaged.passUnretained(owner).toOpaque()
        )
    }
}

/// RFC 6066 §3: an unknown name is served with the default certificate.
private func chooseCertificate(
    _ session: OpaquePointer?,
    _ alert: UnsafeMutablePointer<Int32>?,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let session = unsafe session, let argument = unsafe argument else {
        return SSL_TLSEXT_ERR_NOACK
    }
    unsafe Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue().choose(for: session)
    return SSL_TLSEXT_ERR_OK
}
