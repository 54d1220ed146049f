public import Files
public import HTTP
import Models
public import Telemetry

/// The server's settings, each with its default.
public struct Configuration: Sendable, Equatable {
    private static let limits = Limits()

    public var host = "127.0.0.1"
    /// The port for plain HTTP; 0 for any free one, -1 for none.
    public var port = 8080
    /// The port for HTTPS, used when there are certificates; 0 for any free one.
    public var securePort = 8443
    /// PEM files of certificate chains; none: no HTTPS.
    public var certificates: [String] = []
    /// PEM files of their keys, in the same order; none: the certificates' files hold them.
    public var certificateKeys: [String] = []
    public var clientCertificates = TLSConfiguration.ClientCertificates.none
    public var clientAuthorities = ""
    public var handshakeSeconds = limits.handshakeTime.wholeSeconds
    /// How often files that can be read again are looked at; 0: only after SIGHUP.
    public var reloadSeconds = 10
    /// Folders of models, or folders of such folders; empty for those that ship.
    public var models: [String] = []
    /// The name of a model whose folder is one of `models` itself; empty for its manifest's or folder's.
    public var modelName = ""
    /// One more path that answers as /ping, and one as /invocations; empty for none.
    public var healthRoute = ""
    public var predictRoute = ""
    /// Pause between two looks at the models' folders; 0 to look once only.
    public var watchMilliseconds = 1000
    /// Whether clients may load and unload models, not only administrators' keys.
    public var repositoryChanges = false
    /// Requests computed at once; 0 for one per core.
    public var threads = 0
    /// Event loops; 0 for one per core.
    public var loops = 0
    /// The instruction set of the kernels; empty for the best one.
    public var kernels = ""
    public var logLevel = LogLevel.info
    public var logFormat = LogFormat.auto
    /// A file that gets the address once the server answers.
    public var readyFile = ""
    /// The file of API keys; empty for none.
    public var keysFile = ""
    /// Whether clients without a key are served where there are keys, or from other machines.
    public var anonymous = false
    public var metricsAccess = MetricsAccess.everyone
    /// Origins whose pages may read answers, separated by commas; "*" for all, empty for none.
    public var corsOrigins = ""
    /// Names by which requests without a key may call the server, beside those that only this machine or this
    /// network has; "*" for all.
    public var hosts = ""
    /// A collector's `http://` address for traces as OTLP/HTTP JSON; empty for none.
    public var otlpEndpoint = ""
    /// Of a hundred requests without a trace of their own, how many are traced.
    public var tracePercent = 100
    /// Whether metrics stand under Triton's names too.
    public var nvMetrics = true
    public var bodyBytes = limits.body
    public var imageBodyBytes = 32 << 20
    public var maximumPixels = 40_000_000
    public var sequenceLimit = 100_000
    public var seriesNumbers = 4_000_000
    public var queueMilliseconds = 500
    /// Bytes of the states of all sessions; a client's are at most three times what is free then.
    public var sessionBytes = 256 << 20
    /// Seconds that a session or a state's token lives unused.
    public var sessionSeconds = 600
    /// Seconds for which sessions go on with a model that was replaced.
    public var sessionDrainSeconds = 600
    /// The address of a Redis or Valkey server in which servers share sessions; empty: each has its own.
    public var sessionStore = ""
    /// Time that the store has for an answer.
    public var sessionStoreMilliseconds = 250
    /// Connections to the store.
    public var sessionStoreConnections = 2
    /// Where sessions in memory wait for the next start; empty: nowhere.
    public var sessionsFile = ""
    /// What this server calls itself in answers; empty: nothing.
    public var replica = ""
    /// Steps of different requests that are computed together at most; 1: none.
    public var joinedSteps = Model.mostTogether
    /// Time for which a step waits for others to come, in microseconds.
    public var batchWaitMicroseconds = 0
    static let longestSession = 30 * 86_400
    /// The file of keys that seal states; empty: a random key that ends with the process.
    public var stateKeysFile = ""
    public var connections = limits.connections
    public var clientConnections = limits.clientConnections
    public var handshakes = limits.handshakes
    public var totalBodyBytes = limits.bodies
    public var computeBytes = 512 << 20
    /// Memory of all computations together; 0 for three quarters of what the process may have.
    public var memoryBytes = 0
    /// What is kept for the shapes that came, of all models together.
    public var planBytes = 256 << 20
    /// Time for a model to be loaded, after which it is given up.
    public var loadSeconds = LoadingLimits.standard.seconds
    /// Memory for reading the files of one model.
    public var loadBytes = LoadingLimits.standard.bytes
    /// Models loaded at once.
    public var loads = LoadingLimits.standard.loads
    /// Seconds that a request may compute, those not counted in which others had the core.
    public var computeSeconds = 30
    public var answerNumbers = 16 << 20
    public var headBytes = limits.head
    public var headFields = limits.fields
    public var requestLineBytes = limits.requestLine
    public var headSeconds = limits.headTime.wholeSeconds
    public var bodyIdleSeconds = limits.bodyIdle.wholeSeconds
    public var keepAliveSeconds = limits.keepAliveIdle.wholeSeconds
    public var writeStallSeconds = limits.writeStall.wholeSeconds
    /// From the signal to the moment when no more connections are accepted.
    public var drainDelaySeconds = 0
    public var drainSeconds = 30

    public init() {}

    /// The part that loading reads.
    public var loading: LoadingLimits {
        LoadingLimits(seconds: loadSeconds, bytes: loadBytes, loads: loads)
    }

    /// The part the HTTP server reads.
    public var server: ServerConfiguration {
        var limits = Limits()
        limits.body = max(bodyBytes, imageBodyBytes)
        limits.bodies = totalBodyBytes
        limits.connections = connections
        limits.clientConnections = clientConnections
        limits.handshakes = handshakes
        limits.head = headBytes
        limits.fields = headFields
        limits.requestLine = requestLineBytes
        limits.handshakeTime = .seconds(handshakeSeconds)
        limits.headTime = .seconds(headSeconds)
        limits.bodyIdle = .seconds(bodyIdleSeconds)
        limits.keepAliveIdle = .seconds(keepAliveSeconds)
        limits.writeStall = .seconds(writeStallSeconds)
        return ServerConfiguration(
            host: host,
            port: port < 0 ? nil : port,
            securePort: tls == nil ? nil : securePort,
            certificates: tls,
            loops: max(1, loops),
            limits: limits
        )
    }
}

/// Who may read the metrics.
public enum MetricsAccess: String, Sendable, CaseIterable {
    case everyone, clients, administrators
}

extension Duration {
    fileprivate var wholeSeconds: Int { Int(components.seconds) }
}
