public import HTTP
public import Logging
public import Models
import Synchronization

/// Answers requests about the hosted models: the place where HTTP and inference meet.
public final class Service: Handler {
    let repository: ModelRepository
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
    let loading: LoadingThread
    let sequences: SequenceStates
    let statistics = InferenceStatistics()
    private let isDrainingFlag = Atomic(false)
    private let isRefusingFlag = Atomic(false)

    /// Names of the models that are served.
    public var modelNames: [String] { repository.models.map(\.name) }

    /// A service over these models; with any `keys`, clients need one.
    public init(
        repository: ModelRepository,
        configuration: Configuration,
        keys: [AccessKey] = [],
        logger: Logger,
        accessLog: AccessLog? = nil
    ) {
        self.repository = repository
        self.logger = logger
        self.accessLog = accessLog
        currentSettings = Mutex(Settings(configuration, keys: keys))
        tracer = Tracer(configuration)
        router = Router(Self.routes + CloudRoutes.configured(configuration))
        metrics = Metrics(
            routes: router.resources.map(\.template),
            models: repository.models.map { ModelLabel(name: $0.name, version: $0.version) }
        )
        scheduler = Scheduler(
            cores: configuration.threads,
            longestWaitSeconds: Double(configuration.queueMilliseconds) / 1000
        )
        loading = LoadingThread()
        sequences = SequenceStates(configuration.sequenceTable)
    }

    /// What is configured now; a request that has begun keeps what it began with.
    var settings: Settings { currentSettings.withLock { $0 } }
    var configuration: Configuration { settings.configuration }

    /// Every route, in the order of the documentation.
    static let routes: [Route] =
        [
            Index.route, Health.route, ModelList.route, ModelDetail.route, Classify.route,
            Features.route, Preview.route, Kernels.route, Next.route, Score.route, Generate.route,
            Encode.route, TreeRoute.route, DiagramPage.route, ExampleFile.route, MetricsPage.route,
            OpenAPIPage.route,
        ] + ConsoleFiles.routes + OpenInference.routes + TensorFlowServing.routes
        + CloudRoutes.routes

    /// From now on the service is not ready: health checks fail, so that clients go elsewhere.
    public func beginDraining() {
        isDrainingFlag.store(true, ordering: .relaxed)
    }

    var isDraining: Bool { isDrainingFlag.load(ordering: .relaxed) }

    /// From now on requests are refused that have not begun; those that have are finished.
    public func refuseRequests() {
        isRefusingFlag.store(true, ordering: .relaxed)
    }

    var isRefusing: Bool { isRefusingFlag.load(ordering: .relaxed) }

    /// False when every model is gone, and none is to be expected from a client.
    var hasModelsOrWaits: Bool {
        configuration.repositoryChanges || !repository.models.isEmpty
    }

    /// Time between not being ready and taking no more requests.
    public var drainDelaySeconds: Int { configuration.drainDelaySeconds }

    /// Time for requests in flight at the end.
    public var drainSeconds: Int { configuration.drainSeconds }

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
