public import HTTP

extension Configuration {
    /// The certificates of the secure port; nil if there is none.
    public var tls: TLSConfiguration? {
        guard !certificates.isEmpty else { return nil }
        let keys = certificateKeys.isEmpty ? certificates : certificateKeys
        return TLSConfiguration(
            certificates: zip(certificates, keys).map {
                TLSConfiguration.Certificate(chainFile: $0, keyFile: $1)
            },
            clientCertificates: clientCertificates,
            clientAuthoritiesFile: clientAuthorities
        )
    }

    /// Throws `conflict` if the settings of the secure port do not fit together.
    func checkCertificates() throws(ConfigurationError) {
        if !certificateKeys.isEmpty && certificateKeys.count != certificates.count {
            throw .conflict(
                reason: "tls_keys names \(certificateKeys.count) files, "
                    + "tls_certificates \(certificates.count)"
            )
        }
        if clientCertificates != .none && clientAuthorities.isEmpty {
            throw .conflict(
                reason: "tls_client_certificates is \(clientCertificates.rawValue), "
                    + "but tls_client_authorities names no file"
            )
        }
        if port < 0 && certificates.isEmpty {
            throw .conflict(reason: "with port -1 and no tls_certificates there is no port at all")
        }
    }
}
