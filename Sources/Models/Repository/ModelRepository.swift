public import Compute
public import Engine
import Dispatch
public import Files
public import FoundationEssentials
public import Graph
import Synchronization

/// The models a server hosts, by name and version.
///
/// Reading is cheap and safe from any thread. A request keeps the `Model` it was given, so that replacing or
/// removing one never touches requests in flight. `load`, `unload` and `refresh` may be called from any thread; the
/// first and the last return when what they began is loaded or given up.
public final class ModelRepository: Sendable {
    let folders: [URL]
    let loneName: String?
    let tools: Model.Tools
    let limits: LoadingLimits
    let disk: Disk
    let hosted = Mutex<[String: HostedModel]>([:])
    /// What the last look at the folders found.
    let looks = Mutex(RepositoryLook())
    /// Looks at folders, and loads, may never come back.
    let looking = LoadQueue(most: 4)
    /// Paths that were asked for and not answered yet.
    let unanswered = Mutex<Set<String>>([])
    let loads: LoadQueue
    let attempts = Atomic(0)
    /// How long files must stay the same before a model is served without a companion that it had.
    let settling: Duration

    /// Loads every model in `folders`, which may be models' folders themselves.
    ///
    /// A model that fails to load is reported in `failures` and does not stop the others. `loneName` is the name of a
    /// model whose folder is one of `folders` itself.
    public convenience init(
        folders: [URL],
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int = 1 << 30,
        plans: PlanStore = PlanStore(),
        loneName: String? = nil,
        limits: LoadingLimits = .standard
    ) {
        self.init(
            folders: folders,
            tools: Model.Tools(
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit,
                plans: plans
            ),
            loneName: loneName,
            limits: limits,
            disk: Disk()
        )
    }

    /// Serves this one model, which is loaded already, and looks at no folder.
    public convenience init(serving model: Model, kernels: KernelSet, workers: Workers) {
        self.init(folders: [], kernels: kernels, workers: workers)
        var version = HostedModel.Version(number: nil)
        version.model = model
        hosted.withLock { hosted in
            hosted[model.name, default: HostedModel()][nil] = version
        }
    }

    init(
        folders: [URL],
        tools: Model.Tools,
        loneName: String? = nil,
        limits: LoadingLimits = .standard,
        disk: Disk,
        settling: Duration = .seconds(10)
    ) {
        self.folders = folders
        self.loneName = loneName
        self.tools = tools
        self.limits = limits
        self.disk = disk
        self.settling = settling
        loads = LoadQueue(most: limits.loads)
        let (found, group) = (look(), DispatchGroup())
        let versions = found.sources.flatMap { source in
            source.versions.map { version in
                let seen = found.stamp(of: version, source.name)
                return (source, version, seen, bytes: seen?.bytes ?? 0)
            }
        }
        // Nothing is served yet that loading with helpers could disturb. The large ones first, so that no core is left
        // with one of them when the others have none.
        for (source, version, seen, _) in versions.sorted(by: { $0.bytes > $1.bytes }) {
            beginLoad(version, of: source, seen: seen, in: group) { _, _ in }
        }
        group.wait()
        loads.moveToBackground()
        releaseFreeMemory()
    }

    /// The newest served version of every model, in order of their names.
    public var models: [Model] {
        hosted.withLock { $0.values.compactMap(\.model) }.sorted { $0.name < $1.name }
    }

    /// Every served version of every model.
    public var allVersions: [Model] {
        hosted.withLock { $0.values.flatMap { $0.versions.compactMap(\.model) } }
    }

    /// The newest served version of a model.
    public func model(named name: String) -> Model? {
        hosted.withLock { $0[name]?.model }
    }

    public func model(named name: String, version: String) -> Model? {
        hosted.withLock { $0[name]?.model(version: version) }
    }

    /// The served versions of a model, in rising order.
    public func versions(of name: String) -> [String] {
        hosted.withLock { $0[name]?.versions.filter { $0.model != nil }.map(\.name) ?? [] }
    }

    /// Every version of every model, in order of their names.
    public var index: [RepositoryRow] {
        let rows = hosted.withLock { hosted in
            hosted.flatMap { name, model in
                model.versions.map { RepositoryRow(name: name, $0) }
            }
        }
        let others = looks.withLock { look in
            look.duplicates.map { RepositoryRow(duplicate: $0) }
                + look.notes.map { RepositoryRow($0) }
        }
        return (rows + others).sorted { $0.name < $1.name }
    }

    /// The index, and what else lies in the folders now without having been loaded.
    public func indexWithUnloaded() -> [RepositoryRow] {
        let sources = look().sources
        let known = hosted.withLock { $0.mapValues { $0.versions.map(\.number) } }
        var rows = index
        for source in sources {
            for version in source.versions
            where known[source.name]?.contains(version.number) != true {
                rows.append(RepositoryRow(unloaded: source, version))
            }
        }
        return rows.sorted { $0.name < $1.name }
    }

    /// Something in the folders that is not served, and why.
    public struct Failure: Sendable {
        public let name: String
        /// Empty for a model of one version that never was loaded.
        public let version: String
        public let folder: String
        public let error: ModelError
    }

    /// Folders and files that could not be served as they are now, and why.
    public var failures: [Failure] {
        let failed = hosted.withLock { hosted in
            hosted.sorted { $0.key < $1.key }.flatMap { name, model in
                model.versions.compactMap { version in
                    version.problem.map {
                        Failure(
                            name: name,
                            version: version.name,
                            folder: version.place.lastPathComponent,
                            error: $0.error
                        )
                    }
                }
            }
        }
        let duplicates = looks.withLock(\.duplicates).map {
            Failure(
                name: $0.name,
                version: "",
                folder: $0.folder,
                error: ModelError.duplicateName($0.name)
            )
        }
        return failed + duplicates
    }

    /// What in the folders looks like a model and is not read, with what to do about it.
    public var mistakes: [(name: String, version: String, reason: String)] {
        looks.withLock(\.notes).map { ($0.model, $0.version, $0.reason) }
    }
}
