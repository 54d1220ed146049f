import CLinux
import Glibc
import Synchronization

/// A socket on which all event loops accept connections.
///
/// One socket watched with EPOLLEXCLUSIVE, not one a loop with SO_REUSEPORT: a port in use is a
/// plain error, a few connections are spread evenly, and one queue is drained at the end.
final class Listener: Sendable {
    let descriptor: Int32
    let port: Int
    /// The certificates of a secure port.
    let certificates: TLSStore?
    private let isClosed = Atomic(false)

    init(host: String, port: Int, certificates: TLSStore? = nil) throws(HTTPError) {
        self.certificates = certificates
        guard let number = UInt16(exactly: port) else {
            throw .invalidAddress(host: host, port: port)
        }
        // The kernel shortens a backlog to net.core.somaxconn.
        descriptor = unsafe clinux_listen(host, number, 4096)
        let reason = errno
        guard descriptor >= 0 else {
            if descriptor == -2 { throw .invalidAddress(host: host, port: port) }
            if reason == EADDRINUSE { throw .addressInUse(host: host, port: port) }
            throw .system(operation: "Listening on \(host) port \(port)", errno: reason)
        }
        self.port = Int(clinux_local_port(descriptor))
    }

    deinit {
        stop()
    }

    /// Frees the port; no loop may watch the socket any more.
    func stop() {
        if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { close(descriptor) }
    }
}
