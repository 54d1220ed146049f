public import Compute
import Dispatch
public import Foundation
import Synchronization

/// The models a server hosts, by name and version.
///
/// Reading is cheap and safe from any thread. A request keeps the `Model` it was given, so that replacing or
/// removing one never touches requests in flight. `load`, `unload` and `refresh` take as long as a model takes to
/// load and are called from one thread at a time.
public final class ModelRepository: Sendable {
    let folders: [URL]
    let loneName: String?
    private let kernels: KernelSet
    private let workers: Workers
    private let memoryLimit: Int
    let hosted = Mutex<[String: HostedModel]>([:])
    /// What the last look at the folders found.
    let looks = Mutex(RepositoryLook())

    /// Loads every model in `folders`, which may be models' folders themselves.
    ///
    /// A model that fails to load is reported in `failures` and does not stop the others. `loneName` is the name of a
    /// model whose folder is one of `folders` itself.
    public init(
        folders: [URL],
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int = 1 << 30,
        loneName: String? = nil
    ) {
        self.folders = folders
        self.loneName = loneName
        self.kernels = kernels
        self.workers = workers
        self.memoryLimit = memoryLimit
        let found = sources().flatMap { source in source.versions.map { (source, $0) } }
        // Nothing is served yet that loading on all cores could disturb.
        DispatchQueue.concurrentPerform(iterations: found.count) { index in
            load(found[index].1, of: found[index].0)
        }
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
        let duplicates = looks.withLock { $0.duplicates.map { RepositoryRow(duplicate: $0) } }
        return (rows + duplicates).sorted { $0.name < $1.name }
    }

    /// The index, and what else lies in the folders now without having been loaded.
    public func indexWithUnloaded() -> [RepositoryRow] {
        let known = hosted.withLock { $0.mapValues { $0.versions.map(\.number) } }
        var names: Set<String> = []
        var rows = index
        for source in ModelSource.all(in: folders, loneName: loneName)
        where names.insert(source.name).inserted {
            for version in source.versions
            where known[source.name]?.contains(version.number) != true {
                rows.append(RepositoryRow(unloaded: source, version))
            }
        }
        return rows.sorted { $0.name < $1.name }
    }

    /// Folders and files that could not be served as they are now, and why.
    public var failures: [(folder: String, error: ModelError)] {
        let failed = hosted.withLock { hosted in
            hosted.sorted { $0.key < $1.key }.flatMap(\.value.versions).compactMap { version in
                version.problem.map { (version.place.lastPathComponent, $0.error) }
            }
        }
        return failed
            + looks.withLock {
                $0.duplicates.map { ($0.folder, ModelError.duplicateName($0.name)) }
            }
    }
}

extension ModelRepository {
    /// Loads, checks and warms one version's files, and only then puts them in place of what was served.
    ///
    /// What was served stays so if that fails.
    @discardableResult
    func load(_ version: ModelSource.Version, of source: ModelSource) -> ModelError? {
        let stamp = FileStamp(version.place)
        change(source.name, version.number) {
            $0.stage = .loading
            $0.place = version.place
        }
        do throws(ModelError) {
            let model = try makeModel(version, of: source)
            // Check vectors warm what they check.
            if !CheckVectors.exist(in: version.place) { model.warm() }
            change(source.name, version.number) {
                $0.model = model
                $0.stamp = stamp
                $0.unread = version.unreadFile
                $0.problem = nil
                $0.withdrawn = nil
                $0.stage = nil
            }
            return nil
        } catch {
            change(source.name, version.number) {
                $0.problem = HostedModel.Problem(error: error, stamp: stamp)
                $0.stage = nil
            }
            return error
        }
    }

    private func makeModel(
        _ version: ModelSource.Version,
        of source: ModelSource
    ) throws(ModelError) -> Model {
        guard Manifest.isName(source.name) else {
            throw .invalidManifest(
                field: "the model's name",
                expected: Manifest.nameForm,
                got: "\"\(source.name)\""
            )
        }
        if let file = version.onnxFile {
            return try Model(
                onnx: file,
                name: source.name,
                version: version.number.map(String.init),
                folder: file == version.place ? nil : version.place,
                kernels: kernels,
                workers: workers,
                memoryLimit: memoryLimit
            )
        }
        let model = try Model(
            folder: version.place,
            kernels: kernels,
            workers: workers,
            memoryLimit: memoryLimit,
            name: source.name,
            version: version.number.map(String.init)
        )
        return model
    }

    func change(
        _ name: String,
        _ number: Int?,
        _ change: (inout HostedModel.Version) -> Void
    ) {
        // Old models are let go of outside of the lock.
        let old = hosted.withLock { hosted in
            let old = hosted[name]?[number].model
            change(&hosted[name, default: HostedModel()][number])
            return old
        }
        withExtendedLifetime(old) {}
    }
}
