import CLinux
import Glibc

/// The two directions of a connection's bytes; closed with its owner.
///
/// Everything above reads and writes through this type only, so that encryption can be added here.
struct Transport: ~Copyable {
    enum Outcome {
        case bytes(Int)
        case wouldBlock
        /// The peer has sent its last byte.
        case ended
        case failed
    }

    let descriptor: Int32

    init(socket: Int32) {
        descriptor = socket
    }

    deinit {
        close(descriptor)
    }

    /// Receives at most as many bytes as `buffer` has room for.
    @unsafe
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .ended : Self.refusal
    }

    /// Sends what the kernel accepts of `first` followed by `second`.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Outcome {
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
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private static var refusal: Outcome {
        switch errno {
        case EAGAIN, EINTR: .wouldBlock
        default: .failed
        }
    }
}
