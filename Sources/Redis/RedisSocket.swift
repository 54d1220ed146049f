import COpenSSL
import Glibc

/// A connection's bytes, over TLS or not, each operation until a deadline; of one thread.
@safe
final class RedisSocket {
    private let descriptor: Int32
    private var session: OpaquePointer?

    /// Connects; `context` is that of TLS.
    init(
        to node: RedisAddress.Node,
        _ encryption: Encryption?,
        until deadline: Deadline
    ) throws(RedisFault) {
        descriptor = try Self.connect(to: node, until: deadline)
        guard let encryption else { return }
        guard let session = unsafe SSL_new(encryption.context) else {
            throw .unreachable("there is no memory for TLS")
        }
        unsafe self.session = session
        guard unsafe SSL_set_fd(session, descriptor) == 1,
            unsafe tls_expect(session, node.host) == 1
        else { throw .unreachable("TLS could not be prepared for \(node)") }
        try complete(until: deadline) { unsafe SSL_connect(session) }
    }

    deinit {
        if let session = unsafe session { unsafe SSL_free(session) }
        close(descriptor)
    }

    func send(_ bytes: [UInt8], until deadline: Deadline) throws(RedisFault) {
        var sent = 0
        while sent < bytes.count {
            let rest = bytes[sent...]
            if let session = unsafe session {
                sent += try complete(until: deadline) {
                    unsafe rest.withUnsafeBytes { rest in
                        unsafe SSL_write(session, rest.baseAddress, Int32(clamping: rest.count))
                    }
                }
                continue
            }
            let count = unsafe rest.withUnsafeBytes { rest in
                unsafe Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else {
                try wait(for: POLLOUT, until: deadline, errno)
            }
        }
    }

    /// Some bytes, at least one.
    func receive(until deadline: Deadline) throws(RedisFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        if let session = unsafe session {
            let count = try complete(until: deadline) {
                unsafe bytes.withUnsafeMutableBytes { bytes in
                    unsafe SSL_read(session, bytes.baseAddress, Int32(bytes.count))
                }
            }
            return Array(bytes[..<count])
        }
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { bytes in
                unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0)
            }
            if count > 0 { return Array(bytes[..<count]) }
            guard count < 0 else { throw .unreachable("it closed the connection") }
            try wait(for: POLLIN, until: deadline, errno)
        }
    }

    /// Repeats a call of OpenSSL until it is done.
    @discardableResult
    private func complete(
        until deadline: Deadline,
        _ call: () -> Int32
    ) throws(RedisFault) -> Int {
        guard let session = unsafe session else { return 0 }
        while true {
            ERR_clear_error()
            let result = call()
            if result > 0 { return Int(result) }
            switch unsafe SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: try wait(for: POLLIN, until: deadline, EAGAIN)
            case SSL_ERROR_WANT_WRITE: try wait(for: POLLOUT, until: deadline, EAGAIN)
            case SSL_ERROR_ZERO_RETURN: throw .unreachable("it closed the connection")
            default:
                let reason = unsafe Self.tlsReason(session)
                throw .unreachable("TLS failed: \(reason)")
            }
        }
    }

    private static func tlsReason(_ session: OpaquePointer) -> String {
        let result = unsafe SSL_get_verify_result(session)
        if result != Int(X509_V_OK) {
            return unsafe String(cString: X509_verify_cert_error_string(result))
        }
        let code = ERR_peek_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else {
            return "the connection broke"
        }
        return unsafe String(cString: text)
    }

    private func wait(
        for events: Int32,
        until deadline: Deadline,
        _ code: Int32
    ) throws(RedisFault) {
        switch code {
        case EAGAIN, EINTR, EINPROGRESS: try Self.wait(descriptor, for: events, until: deadline)
        default: throw .unreachable(unsafe String(cString: strerror(code)))
        }
    }

    private static func wait(
        _ descriptor: Int32,
        for events: Int32,
        until deadline: Deadline
    ) throws(RedisFault) {
        let rest = deadline.restMilliseconds
        guard rest > 0 else { throw .late(milliseconds: deadline.milliseconds) }
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let count = unsafe Glibc.poll(&poll, 1, Int32(clamping: rest))
        guard count != 0 else { throw .late(milliseconds: deadline.milliseconds) }
    }

    private static func connect(
        to node: RedisAddress.Node,
        until deadline: Deadline
    ) throws(RedisFault) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(node.host, String(node.port), &hints, &found)
        guard code == 0, let first = unsafe found else {
            throw .unreachable(
                "\(node.host) is not known: \(unsafe String(cString: gai_strerror(code)))"
            )
        }
        defer { unsafe freeaddrinfo(first) }
        var fault = RedisFault.unreachable("\(node) has no address")
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let address = unsafe next {
            unsafe next = address.pointee.ai_next
            let descriptor = unsafe socket(
                address.pointee.ai_family,
                Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
                0
            )
            guard descriptor >= 0 else { continue }
            do throws(RedisFault) {
                try unsafe connect(descriptor, address.pointee, node, until: deadline)
                return descriptor
            } catch {
                close(descriptor)
                fault = error
            }
        }
        throw fault
    }

    @unsafe
    private static func connect(
        _ descriptor: Int32,
        _ address: addrinfo,
        _ node: RedisAddress.Node,
        until deadline: Deadline
    ) throws(RedisFault) {
        var code: Int32 = 0
        if unsafe Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 {
            code = errno
        }
        if code == EINPROGRESS {
            try wait(descriptor, for: POLLOUT, until: deadline)
            var size = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        guard code == 0 else {
            throw .unreachable("\(node): \(unsafe String(cString: strerror(code)))")
        }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
    }
}

/// What TLS believes: an SSL_CTX.
@safe
final class Encryption: Sendable {
    // SAFETY: set up before sessions begin; OpenSSL locks what these share.
    nonisolated(unsafe) let context: OpaquePointer

    /// - Throws: `unreachable` for a file of authorities that is none.
    init(authorities: String) throws(RedisFault) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw .unreachable("there is no memory for TLS")
        }
        unsafe self.context = context
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let isLoaded =
            unsafe authorities.isEmpty
            ? SSL_CTX_set_default_verify_paths(context)
            : SSL_CTX_load_verify_locations(context, authorities, nil)
        guard isLoaded == 1, unsafe tls_require_version(context, TLS1_2_VERSION) == 1 else {
            throw .unreachable("the authorities' file \(authorities) cannot be read")
        }
    }

    deinit { unsafe SSL_CTX_free(context) }
}

/// The end of the time that something may take.
struct Deadline {
    private let end: ContinuousClock.Instant
    /// All of it.
    let milliseconds: Int

    init(milliseconds: Int, from start: ContinuousClock.Instant = .now) {
        self.milliseconds = milliseconds
        end = start + .milliseconds(milliseconds)
    }

    var restMilliseconds: Int {
        let rest = end - .now
        // A last millisecond is one still.
        return rest <= .zero ? 0 : Int(rest / .milliseconds(1)) + 1
    }

    var isOver: Bool { restMilliseconds == 0 }
}
