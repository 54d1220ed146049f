/// Where a server listens, and what it allows.
public struct ServerConfiguration: Sendable {
    /// A numeric address: "127.0.0.1", "::1"; "0.0.0.0" or "::" for all.
    public var host: String
    /// The port for plain HTTP, or 0 for any that is free; nil for none.
    public var port: Int?
    /// The port for HTTPS, or 0 for any that is free; it needs `certificates`.
    public var securePort: Int?
    public var certificates: TLSConfiguration?
    /// Event loops, each with its own thread.
    public var loops: Int
    public var limits: Limits

    public init(
        host: String = "127.0.0.1",
        port: Int? = 0,
        securePort: Int? = nil,
        certificates: TLSConfiguration? = nil,
        loops: Int = 1,
        limits: Limits = Limits()
    ) {
        self.host = host
        self.port = port
        self.securePort = securePort
        self.certificates = certificates
        self.loops = loops
        self.limits = limits
    }
}

/// Bounds on what one client can make the server hold, and for how long.
public struct Limits: Sendable {
    /// Bytes of the request line.
    public var requestLine = 8 << 10
    /// Bytes of request line and fields together; also of a chunked body's trailer.
    public var head = 16 << 10
    public var fields = 100
    /// Bytes of a body, whatever limit a handler admits.
    public var body = 16 << 20
    /// Bytes of all bodies that are being received or answered, over all connections.
    public var bodies = 1 << 30
    /// From accepting a connection to the end of its TLS handshake.
    public var handshakeTime = Duration.seconds(10)
    /// From the first byte of a head, or from accepting the connection, to the head's end.
    public var headTime = Duration.seconds(10)
    /// The longest pause within a body.
    public var bodyIdle = Duration.seconds(10)
    /// Bytes per second below which a body is refused, measured after `bodyGrace`.
    public var bodyRate = 1024
    public var bodyGrace = Duration.seconds(30)
    /// The longest pause between requests.
    public var keepAliveIdle = Duration.seconds(60)
    /// The longest time a client may accept nothing of an answer.
    public var writeStall = Duration.seconds(30)
    /// How long what a refused client still sends is read and dropped, so that it sees the answer.
    public var linger = Duration.seconds(5)
    public var connections = 4096
    /// Of these, what one client may have: an address, or the first 64 bits of one of IPv6.
    public var clientConnections = 1024
    /// TLS handshakes begun and not ended, over all loops; beyond this the oldest of a loop gives way.
    public var handshakes = 512
    /// Requests of one connection answered before the others have their turn.
    public var pipelined = 64
    /// Bytes of answers waiting for a client, beyond which its next request is not read.
    public var output = 1 << 20
    /// Bytes of a streamed answer waiting for its client, beyond which its producer is told to wait.
    public var streamed = 64 << 10

    public init() {}

    /// The same limits brought into a range in which arithmetic on them cannot fail.
    var clamped: Limits {
        var limits = self
        for path in [\Limits.requestLine, \.head, \.fields, \.connections, \.clientConnections] {
            limits[keyPath: path] = min(max(self[keyPath: path], 0), 1 << 30)
        }
        limits.body = min(max(body, 0), 1 << 40)
        limits.bodies = min(max(bodies, 0), 1 << 40)
        for path in [\Limits.pipelined, \.bodyRate, \.output, \.streamed, \.handshakes] {
            limits[keyPath: path] = min(max(self[keyPath: path], 1), 1 << 30)
        }
        for path in [
            \Limits.handshakeTime, \.headTime, \.bodyIdle, \.bodyGrace, \.keepAliveIdle,
            \.writeStall, \.linger,
        ] {
            limits[keyPath: path] = min(max(self[keyPath: path], .zero), .seconds(1 << 30))
        }
        return limits
    }
}
