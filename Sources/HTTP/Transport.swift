import CLinux
import Glibc

/// The two directions of a connection's bytes, plain or encrypted; closed with its owner.
///
/// Everything above reads and writes through this type only.
struct Transport: ~Copyable {
    enum Outcome {
        case bytes(Int)
        case wouldBlock
        /// The peer has sent its last byte.
        case ended
        case failed
    }

    let descriptor: Int32
    private var session: TLSSession?

    /// Owns the socket from here on.
    init(socket: Int32, session: TLSSession? = nil) {
        descriptor = socket
        self.session = session
    }

    deinit {
        session?.endSending()
        close(descriptor)
    }

    var isHandshaking: Bool { session?.isHandshaking ?? false }

    /// Whether bytes may be had without the socket becoming readable.
    var holdsInput: Bool { session?.holdsInput ?? false }

    /// What must happen to the socket before more can be received.
    var receivingInterest: Poller.Interest {
        session?.receivingWaitsForRoom == true ? .writable : [.readable, .peerClosed]
    }

    /// What must happen to the socket before more can be sent.
    var sendingInterest: Poller.Interest {
        session?.sendingWaitsForInput == true ? .readable : .writable
    }

    /// Goes on with the handshake; one that fails leaves a plain connection.
    mutating func handshake() -> TLSSession.Progress {
        guard let progress = session?.handshake() else { return .done }
        switch progress {
        case .done, .wouldBlock: break
        case .isPlain, .failed: session = nil
        }
        return progress
    }

    /// Whether the socket's bytes are those of the connection.
    var isPlain: Bool { session == nil }

    /// Has the poller report input from about `count` bytes on, or its end.
    func awaitInput(of count: Int) {
        clinux_receive_low_water(descriptor, Int32(clamping: count))
    }

    /// Receives at most as many bytes as `buffer` has room for.
    @unsafe
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        if let session { return unsafe session.receive(into: buffer) }
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .ended : Self.refusal
    }

    /// Sends what the kernel accepts of `first` followed by `second`.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Outcome {
        if let session { return session.send(first.isEmpty ? second : first) }
        // SAFETY: the pointers do not leave the closures, and sending only reads.
        let count = unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                unsafe clinux_send(
                    descriptor,
                    first.baseAddress,
                    first.count,
                    second.baseAddress,
                    second.count
                )
            }
        }
        return count >= 0 ? .bytes(count) : Self.refusal
    }

    /// Tells the peer that nothing more will be sent.
    func endSending() {
        session?.endSending()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private static var refusal: Outcome {
        switch errno {
        case EAGAIN, EINTR: .wouldBlock
        default: .failed
        }
    }
}
