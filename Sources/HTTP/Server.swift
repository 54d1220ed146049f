import Threads
import CLinux
import Dispatch
import Glibc
import Synchronization

/// An HTTP/1.1 server: event loops on their own threads in front of a handler.
public final class Server: Sendable {
    private struct Running {
        let listeners: [Listener]
        let loops: [LoopShare]
        /// Left by each loop when it accepts no more.
        let draining = DispatchGroup()
        /// Left by each loop when its last connection is closed.
        let working = DispatchGroup()
    }

    /// What a loop may take to close its connections when time is up.
    private static let lastMoment = DispatchTimeInterval.seconds(5)

    private let configuration: ServerConfiguration
    private let handler: any Handler
    private let running = Mutex<Running?>(nil)

    public init(configuration: ServerConfiguration, handler: any Handler) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Binds and starts to accept connections.
    ///
    /// Throws `invalidAddress`, `addressInUse`, `alreadyStarted` or `system`.
    public func start() throws(HTTPError) {
        try running.withLock { (running) throws(HTTPError) in
            if running != nil { throw .alreadyStarted }
            // Else the memory of bodies stays with the process.
            clinux_return_large_memory()
            let listeners = try makeListeners()
            var loops: [LoopShare] = []
            for _ in 0..<max(configuration.loops, 1) { loops.append(try LoopShare()) }
            let started = Running(listeners: listeners, loops: loops)
            let budget = BodyBudget(limit: configuration.limits.clamped.bodies)
            let clients = ClientShares(limit: configuration.limits.clamped.clientConnections)
            for index in loops.indices {
                startThread(index, started, budget: budget, clients: clients)
            }
            running = started
        }
    }

    private func makeListeners() throws(HTTPError) -> [Listener] {
        var listeners: [Listener] = []
        if let port = configuration.port {
            listeners.append(try Listener(host: configuration.host, port: port))
        }
        if let port = configuration.securePort, let certificates = configuration.certificates {
            // OpenSSL writes to sockets whose clients have gone; that must not end the process.
            signal(SIGPIPE, SIG_IGN)
            listeners.append(
                try Listener(
                    host: configuration.host,
                    port: port,
                    certificates: try TLSStore(certificates)
                )
            )
        }
        return listeners
    }

    private func startThread(
        _ index: Int,
        _ running: Running,
        budget: BodyBudget,
        clients: ClientShares
    ) {
        running.draining.enter()
        running.working.enter()
        let (limits, handler) = (configuration.limits.clamped, handler)
        Threads.startThread(named: "http-\(index)", stackBytes: 2 << 20) {
            let loop = EventLoop(
                running.loops[index],
                among: running.loops,
                listeners: running.listeners,
                handler: handler,
                limits: limits,
                budget: budget,
                clients: clients,
                didDrain: { running.draining.leave() }
            )
            loop.run()
            running.working.leave()
        }
    }

    /// The port listened on for plain HTTP; before the start, the one configured, 0 if none.
    public var port: Int {
        listener { $0.certificates == nil }?.port ?? configuration.port ?? 0
    }

    /// The port listened on for HTTPS; nil if there is none.
    public var securePort: Int? {
        listener { $0.certificates != nil }?.port
    }

    private func listener(where isWanted: (Listener) -> Bool) -> Listener? {
        running.withLock { $0?.listeners ?? [] }.first(where: isWanted)
    }

    /// Reads the certificates again, for connections from now on; says what it read.
    ///
    /// If a file is unusable, throws `certificate` and keeps those in use.
    @discardableResult
    public func reloadCertificates() throws(HTTPError) -> String {
        guard let store = listener(where: { $0.certificates != nil })?.certificates,
            let configuration = configuration.certificates
        else { return "" }
        try store.reload(configuration)
        return store.context.summary
    }

    /// What the server has done until now.
    public var statistics: Statistics {
        var total = Statistics()
        for loop in running.withLock({ $0?.loops ?? [] }) { loop.counters.add(to: &total) }
        return total
    }

    /// Open connections of each loop.
    var connectionsByLoop: [Int] {
        running.withLock { $0?.loops ?? [] }.map { $0.counters.openConnections.value }
    }

    /// How often loops have waited for events.
    var turns: Int {
        running.withLock { $0?.loops ?? [] }.reduce(0) { $0 + $1.counters.turns.value }
    }

    /// Stops accepting, lets requests in flight finish for at most `grace`, and returns when
    /// every connection is closed.
    ///
    /// Answers carry `Connection: close` from here on, and idle connections are closed. What has
    /// not finished after `grace` is cut off, and its exchange abandoned.
    public func shutdown(grace: Duration) {
        guard let running = running.withLock(\.self) else { return }
        for loop in running.loops { loop.mailbox.post(.drain) }
        running.draining.wait()
        for listener in running.listeners { listener.stop() }
        let (seconds, attoseconds) = max(grace, .zero).components
        let nanoseconds = Int(attoseconds / 1_000_000_000)
        let end: DispatchTime =
            .now() + .seconds(Int(min(seconds, 1 << 30))) + .nanoseconds(nanoseconds)
        if running.working.wait(timeout: end) == .success { return }
        for loop in running.loops { loop.mailbox.post(.stop) }
        _ = running.working.wait(timeout: .now() + Self.lastMoment)
    }
}
