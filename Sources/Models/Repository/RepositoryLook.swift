import Files
import FoundationEssentials
import Synchronization

/// What a look at a repository's folders found.
struct RepositoryLook: Sendable {
    struct Duplicate: Sendable {
        let name: String
        let folder: String
    }

    /// Of several models with one name the first.
    var sources: [ModelSource] = []
    /// Files by the key of model and place.
    var stamps: [String: FileStamp] = [:]
    /// Models whose name another one has already.
    var duplicates: [Duplicate] = []
    var notes: [SourceNote] = []
    /// Paths of which the file system says nothing now.
    var silent: Set<String> = []

    static func key(_ name: String, _ place: URL) -> String { "\(name) \(place.path)" }

    func stamp(of version: ModelSource.Version, _ name: String) -> FileStamp? {
        stamps[Self.key(name, version.place)]
    }

    /// Whether a place, or a folder that it lies in, does not answer.
    func isSilent(_ place: URL) -> Bool {
        silent.contains { place.path == $0 || place.path.hasPrefix($0 + "/") }
    }

    fileprivate mutating func add(_ found: FoundModels) {
        stamps.merge(found.stamps) { first, _ in first }
        notes += found.notes
        for source in found.sources {
            if sources.contains(where: { $0.name == source.name }) {
                let folder = source.versions.first?.place.lastPathComponent ?? ""
                duplicates.append(Duplicate(name: source.name, folder: folder))
            } else {
                sources.append(source)
            }
        }
    }

    /// What is served of a place that does not answer stays so.
    fileprivate mutating func keep(_ path: String) {
        silent.insert(path)
        let name = URL(filePath: path).lastPathComponent
        let reason =
            "the file system does not answer when \(name) is looked at: what is served stays so"
        notes.append(SourceNote(model: name, version: "", reason: reason))
    }
}

/// Models found in a part of a folder, with the state of their files.
private struct FoundModels: Sendable {
    var sources: [ModelSource] = []
    var stamps: [String: FileStamp] = [:]
    var notes: [SourceNote] = []

    init(_ scan: ModelScan) {
        (sources, notes) = (scan.sources, scan.notes)
        for source in sources {
            for version in source.versions {
                let key = RepositoryLook.key(source.name, version.place)
                stamps[key] = FileStamp(version.place, on: scan.disk)
            }
        }
    }
}

extension ModelRepository {
    /// Time for a look at a folder, after which it counts as one that does not answer.
    private var lookSeconds: Int { min(10, limits.seconds) }

    /// Looks at all folders.
    ///
    /// One that does not answer holds up the others once, for as long as a look may take, and is
    /// left out until it does.
    func look() -> RepositoryLook {
        var result = RepositoryLook()
        for folder in folders {
            if let found = scan(folder.path, { $0.scan(loneName: self.loneName) }, root: folder) {
                result.add(found)
            } else {
                lookAtEach(of: folder, &result)
            }
        }
        let (duplicates, notes) = (result.duplicates, result.notes)
        looks.withLock { ($0.duplicates, $0.notes) = (duplicates, notes) }
        return result
    }

    /// Something in the folder does not answer: its entries one by one.
    private func lookAtEach(
        of folder: URL,
        _ result: inout RepositoryLook
    ) {
        let disk = disk
        guard let names = answer("\(folder.path)/", { disk.names(in: folder.path) }) else {
            result.keep(folder.path)
            return
        }
        for name in names {
            let path = folder.appendingPathComponent(name).path
            if let found = scan(path, { $0.scan(entry: name) }, root: folder) {
                result.add(found)
            } else {
                result.keep(path)
            }
        }
    }

    private func scan(
        _ path: String,
        _ look: @escaping @Sendable (inout ModelScan) -> Void,
        root: URL
    ) -> FoundModels? {
        let disk = disk
        return answer(path) {
            var scan = ModelScan(root, disk: disk)
            look(&scan)
            return FoundModels(scan)
        }
    }

    /// What the file system says of a path; nil if it does not answer in time, or an earlier question is still open.
    private func answer<Value: Sendable>(
        _ path: String,
        _ ask: @escaping @Sendable () -> Value
    ) -> Value? {
        guard !unanswered.withLock({ $0.contains(path) }) else { return nil }
        let result = looking.run(seconds: lookSeconds) { _ in
            ask()
        } isBack: {
            self.unanswered.withLock { _ = $0.remove(path) }
        }
        switch result {
        case .success(let value): return value
        case .failure(.late):
            unanswered.withLock { _ = $0.insert(path) }
            return nil
        case .failure(.crowded): return nil
        }
    }
}
