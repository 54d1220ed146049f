import COpenSSL
import Foundation

@testable import HTTP

/// What a TLS client offers.
struct SecureOffer {
    var name = "localhost"
    var minimum = TLS1_2_VERSION
    var maximum = TLS1_3_VERSION
    var protocols: [String] = []
    /// The file with the client's own certificate and key.
    var certificate: String?
    /// A ticket of an earlier connection.
    var ticket: SessionTicket?
}

/// What resumes a session.
@safe
final class SessionTicket {
    fileprivate let session: OpaquePointer

    fileprivate init(_ session: OpaquePointer) {
        unsafe self.session = session
    }

    deinit {
        unsafe SSL_SESSION_free(session)
    }
}

/// A blocking TLS client over a raw socket.
@safe
final class SecureClient {
    private let context: OpaquePointer
    private let session: OpaquePointer
    private let socket: Client
    private var received: [UInt8] = []

    /// Connects; throws if the handshake fails.
    init(port: Int, _ offer: SecureOffer = SecureOffer()) throws {
        socket = try Client(port: port)
        guard let context = unsafe SSL_CTX_new(TLS_client_method()),
            let session = unsafe SSL_new(Self.prepared(context, offer))
        else { throw CocoaError(.featureUnsupported) }
        unsafe self.context = context
        unsafe self.session = session
        unsafe SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, strdup(offer.name))
        let list = offer.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { unsafe SSL_set_alpn_protos(session, list, UInt32(list.count)) }
        if let ticket = offer.ticket { unsafe SSL_set_session(session, ticket.session) }
        unsafe SSL_set_fd(session, socket.descriptor)
        ERR_clear_error()
        if unsafe SSL_connect(session) != 1 { throw CocoaError(.featureUnsupported) }
    }

    deinit {
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
    }

    @unsafe
    private static func prepared(_ context: OpaquePointer, _ offer: SecureOffer) -> OpaquePointer {
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(offer.minimum), nil)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(offer.maximum), nil)
        // As old versions are to be refused by the server, not by this client.
        unsafe SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
        if let file = offer.certificate {
            unsafe SSL_CTX_use_certificate_chain_file(context, file)
            unsafe SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM)
        }
        return unsafe context
    }

    var version: String { unsafe String(cString: SSL_get_version(session)) }
    var cipher: String {
        unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(session)))
    }
    var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

    /// The common name of the server's certificate.
    var serverName: String {
        guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return "" }
        defer { unsafe X509_free(certificate) }
        var text = [CChar](repeating: 0, count: 256)
        unsafe X509_NAME_get_text_by_NID(
            X509_get_subject_name(certificate),
            NID_commonName,
            &text,
            256
        )
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The protocol agreed on; empty if none was offered.
    var agreedProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &name, &count)
        return unsafe String(
            decoding: UnsafeBufferPointer(start: name, count: Int(count)),
            as: UTF8.self
        )
    }

    /// What resumes this session; of use once something was received.
    var ticket: SessionTicket? {
        unsafe SSL_get1_session(session).map { unsafe SessionTicket($0) }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        ERR_clear_error()
        unsafe SSL_write(session, bytes, Int32(bytes.count))
    }

    /// Says that nothing more will be sent.
    func endSending() { unsafe SSL_shutdown(session) }

    /// One read; empty at the end.
    private func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        ERR_clear_error()
        let count = unsafe SSL_read(session, &buffer, Int32(buffer.count))
        return Array(buffer.prefix(Int(max(count, 0))))
    }

    /// The next answer; nil if the connection ends before.
    func answer() -> Answer? {
        while true {
            if let (answer, count) = Answer.parse(received, toHead: false) {
                received.removeFirst(count)
                return answer
            }
            let bytes = read()
            if bytes.isEmpty { return nil }
            received += bytes
        }
    }

    /// What comes up to and with `end`; what came if the connection ends before.
    func text(through end: String) -> String {
        let end = Array(end.utf8)
        while true {
            if let range = received.firstRange(of: end) {
                defer { received.removeFirst(range.upperBound) }
                return String(decoding: received[..<range.upperBound], as: UTF8.self)
            }
            let bytes = read()
            if bytes.isEmpty { return String(decoding: received, as: UTF8.self) }
            received += bytes
        }
    }

    /// Whether the server ends the connection now, and says so by close_notify.
    var isEndedProperly: Bool {
        guard received.isEmpty && read().isEmpty else { return false }
        return unsafe SSL_get_shutdown(session) & SSL_RECEIVED_SHUTDOWN != 0
    }
}
