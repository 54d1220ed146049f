import FoundationEssentials
import Glibc
public import HTTP
public import Logging
public import Models
import Synchronization
public import Telemetry

/// Answers requests about the hosted models: the place where HTTP and inference meet.
public final class Service: Handler {
    let host: Host
    let metrics: Metrics
    let scheduler: Scheduler
    let coder = BodyCoder()
    let tags = TagMemory()
    /// nil when traces go nowhere.
    let tracer: Tracer?
    let keyUse = KeyUse()
    let router: Router
    let logger: Logger
    let accessLog: AccessLog?
    let currentSettings: Mutex<Settings>
    let loading = LoadingThread()

    var repository: ModelRepository { host.repository }

    /// Names of the models that are served.
    public var modelNames: [String] { repository.models.map(\.name) }

    /// A service over these models; with any `keys`, clients need one.
    public convenience init(
        repository: ModelRepository,
        configuration: Configuration,
        keys: [AccessKey] = [],
        stateKeys: StateKeys = StateKeys(),
        logger: Logger,
        accessLog: AccessLog? = nil
    ) {
        self.init(
            repository: repository,
            configuration: configuration,
            keys: keys,
            stateKeys: stateKeys,
            store: RedisSessions(configuration),
            logger: logger,
            accessLog: accessLog
        )
    }

    /// The same with sessions in any store; without one they are this server's.
    init(
        repository: ModelRepository,
        configuration: Configuration,
        keys: [AccessKey] = [],
        stateKeys: StateKeys = StateKeys(),
        store: (any SessionStore)?,
        logger: Logger,
        accessLog: AccessLog? = nil
    ) {
        let digests = ModelMemory<[UInt8]>()
        let host = Host(
            repository: repository,
            sessions: Sessions(
                configuration.sessions,
                shared: store.map { store in
                    let models = StoredModels(
                        repository,
                        digest: { (model) throws(ServiceError) in try digests.weights(of: model) },
                        drainSeconds: configuration.sessionDrainSeconds
                    )
                    return SharedSessions(store, models)
                }
            ) { [repository] model in
                repository.model(named: model.name, version: model.version) === model
            },
            tokens: StateTokens(stateKeys),
            phase: ServingPhase(),
            digests: digests
        )
        self.host = host
        self.logger = logger
        self.accessLog = accessLog
        currentSettings = Mutex(Settings(configuration, keys: keys))
        tracer = Tracer(configuration)
        let scheduler = Scheduler(
            cores: configuration.threads,
            longestWaitSeconds: Double(configuration.queueMilliseconds) / 1000
        )
        self.scheduler = scheduler
        let metrics = Metrics(version: striateVersion, models: repository.models.map(\.label))
        self.metrics = metrics
        let tracer = tracer
        let table = RouteTable(
            configuration,
            statistics: metrics.statistics,
            page: { hasAliases in
                var load = scheduler.load
                (load.sessions, load.sessionBytes) = host.sessions.figures
                (load.joinedBatches, load.joinedRequests) = (
                    host.joined.batches, host.joined.requests
                )
                load.digests = host.knownDigests()
                load.store = host.sessions.shared?.figures
                return metrics.text(
                    load: load,
                    spans: tracer?.exporter.counts,
                    hasAliases: hasAliases
                )
            },
            log: { Self.log($0, of: repository, to: logger) }
        )
        router = Router(table.routes)
        metrics.begin(routes: router.resources.map(\.template))
    }

    /// What is configured now; a request that has begun keeps what it began with.
    var settings: Settings { currentSettings.withLock { $0 } }
    var configuration: Configuration { settings.configuration }

    /// From now on the service is not ready: health checks fail, so that clients go elsewhere.
    public func beginDraining() { host.phase.isDraining = true }

    /// From now on requests are refused that have not begun; those that have are finished.
    public func refuseRequests() { host.phase.isRefusing = true }

    /// Time between not being ready and taking no more requests.
    public var drainDelaySeconds: Int { configuration.drainDelaySeconds }

    /// Time for requests in flight at the end.
    public var drainSeconds: Int { configuration.drainSeconds }

    /// Writes the sessions in memory to the file that the next start reads, if there is one.
    public func keepSessions() {
        guard let file = configuration.sessionsPath else { return }
        do {
            let count = try host.sessions.write(to: file, storedModels)
            logger.notice("sessions kept", metadata: ["count": "\(count)", "file": "\(file.path)"])
        } catch {
            let reason = String(describing: error)
            logger.error(
                "sessions lost",
                metadata: ["file": "\(file.path)", "reason": "\(reason)"]
            )
        }
    }

    /// Goes on with the sessions of a server that ended.
    public func resumeSessions() {
        guard let file = configuration.sessionsPath,
            FileManager.default.fileExists(atPath: file.path)
        else { return }
        do throws(ConfigurationError) {
            let (taken, lost) = try host.sessions.read(from: file, storedModels)
            logger.notice("sessions resumed", metadata: ["count": "\(taken)", "lost": "\(lost)"])
        } catch {
            logger.error("sessions lost", metadata: ["reason": "\(error.description)"])
        }
    }

    private var storedModels: StoredModels {
        StoredModels(
            repository,
            digest: { [host] (model) throws(ServiceError) in try host.digest(of: model) },
            drainSeconds: configuration.sessionDrainSeconds
        )
    }

    /// Sends what is left of the traces.
    public func flush() {
        tracer?.exporter.flush()
    }

    /// Connects the figures only the server knows.
    public func report(_ server: Server) {
        metrics.connect {
            let statistics = server.statistics
            return ServerFigures(
                openConnections: statistics.openConnections,
                acceptedConnections: statistics.acceptedConnections,
                requestsInFlight: statistics.requestsInFlight
            )
        }
    }
}
