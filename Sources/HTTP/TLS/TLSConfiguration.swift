/// Certificates of a secure port, and what it asks of clients.
public struct TLSConfiguration: Sendable, Equatable {
    /// A certificate with its intermediates, and its key: PEM files, which may be one.
    public struct Certificate: Sendable, Equatable {
        public var chainFile: String
        public var keyFile: String

        public init(chainFile: String, keyFile: String) {
            self.chainFile = chainFile
            self.keyFile = keyFile
        }
    }

    /// Whether clients must show certificates of their own.
    public enum ClientCertificates: String, Sendable, CaseIterable {
        case none, optional, required
    }

    /// Never empty in use: the first is for clients that name no host, or one that none is for.
    public var certificates: [Certificate]
    public var clientCertificates: ClientCertificates
    /// A PEM file of the authorities whose client certificates are accepted.
    public var clientAuthoritiesFile: String

    public init(
        certificates: [Certificate],
        clientCertificates: ClientCertificates = .none,
        clientAuthoritiesFile: String = ""
    ) {
        self.certificates = certificates
        self.clientCertificates = clientCertificates
        self.clientAuthoritiesFile = clientAuthoritiesFile
    }

    /// Every file that is read.
    public var files: [String] {
        let certificates = certificates.flatMap { [$0.chainFile, $0.keyFile] }
        return clientCertificates == .none ? certificates : certificates + [clientAuthoritiesFile]
    }
}
