import COpenSSL
import Glibc

/// The encrypted side of one connection; used by one thread at a time.
@safe
final class TLSSession {
    enum Progress {
        case done
        case wouldBlock
        /// The client speaks plain HTTP.
        case isPlain
        case failed
    }

    // SAFETY: owned by this object, which is confined to its loop.
    private let session: OpaquePointer
    /// Kept alive for the callbacks of the handshake.
    private let context: TLSContext
    private(set) var isHandshaking = true
    /// After a fatal error OpenSSL must not be asked to send anything.
    private var isBroken = false
    private var hasEnded = false
    /// Whether bytes may be had without the socket becoming readable.
    private(set) var holdsInput = false
    /// Receiving goes on when the socket takes bytes: a key update is to be answered.
    private(set) var receivingWaitsForRoom = false
    /// Sending goes on when the socket has bytes.
    private(set) var sendingWaitsForInput = false

    /// Takes over an SSL that has its socket.
    @unsafe
    init(adopting session: OpaquePointer, of context: TLSContext) {
        unsafe self.session = session
        self.context = context
    }

    deinit {
        unsafe SSL_free(session)
    }

    func handshake() -> Progress {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 {
            isHandshaking = false
            // The request often comes with the end of the handshake.
            holdsInput = unsafe SSL_has_pending(session) == 1
            return .done
        }
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ:
            receivingWaitsForRoom = false
            return .wouldBlock
        case SSL_ERROR_WANT_WRITE:
            receivingWaitsForRoom = true
            return .wouldBlock
        default:
            isBroken = true
            let reason = ERR_peek_error() & 0x7F_FFFF
            return reason == UInt(SSL_R_HTTP_REQUEST) ? .isPlain : .failed
        }
    }

    @unsafe
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transport.Outcome {
        guard !isBroken else { return .failed }
        ERR_clear_error()
        let room = Int32(clamping: buffer.count)
        let count = unsafe SSL_read(session, buffer.baseAddress, room)
        holdsInput = unsafe count > 0 && SSL_has_pending(session) == 1
        if count > 0 { return .bytes(Int(count)) }
        let (outcome, error) = refusal(count)
        receivingWaitsForRoom = error == SSL_ERROR_WANT_WRITE
        return outcome
    }

    /// Sends at most one record.
    func send(_ bytes: Span<UInt8>) -> Transport.Outcome {
        guard !isBroken else { return .failed }
        ERR_clear_error()
        // SAFETY: the pointer does not leave the closure, and sending only reads.
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count))
        }
        sendingWaitsForInput = false
        // A refusal before the handshake is sent by way of it.
        if count > 0 {
            isHandshaking = false
            return .bytes(Int(count))
        }
        let (outcome, error) = refusal(count)
        sendingWaitsForInput = error == SSL_ERROR_WANT_READ
        return outcome
    }

    /// RFC 8446 §6.1: tells the client that nothing more will be sent.
    func endSending() {
        guard !isBroken, !isHandshaking, !hasEnded else { return }
        hasEnded = true
        ERR_clear_error()
        unsafe SSL_shutdown(session)
    }

    private func refusal(_ result: Int32) -> (Transport.Outcome, Int32) {
        let error = unsafe SSL_get_error(session, result)
        switch error {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return (.wouldBlock, error)
        case SSL_ERROR_ZERO_RETURN: return (.ended, error)
        default:
            isBroken = true
            return (.failed, error)
        }
    }
}
