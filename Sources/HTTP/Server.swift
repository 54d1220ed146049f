/// An HTTP/1.1 server: event loops on their own threads in front of a handler.
public final class Server: Sendable {
    private let configuration: ServerConfiguration
    private let handler: any Handler

    public init(configuration: ServerConfiguration, handler: any Handler) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Binds and starts to accept connections.
    public func start() throws(HTTPError) {}

    /// The port listened on, once started.
    public var port: Int { configuration.port }

    /// What the server has done until now.
    public var statistics: Statistics { Statistics() }

    /// Stops accepting, lets requests in flight finish for at most `grace`, and returns when
    /// every connection is closed.
    public func shutdown(grace: Duration) {}
}
