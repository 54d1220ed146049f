import Compute
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

extension ModelRepository {
    /// Loads the files of a model as they are now: all its versions, whether they changed or not.
    ///
    /// The name is compared with those found in the folders and never becomes part of a path.
    /// - Throws: `unknownModel`; `loadFailed` with the first version's reason: what was served stays so.
    public func load(_ name: String) throws(RepositoryError) {
        let sources = sources()
        guard let source = sources.first(where: { $0.name == name }) else {
            throw .unknownModel(name, available: sources.map(\.name).sorted())
        }
        var failure: ModelError?
        for version in source.versions {
            if let error = load(version, of: source) { failure = failure ?? error }
        }
        dropVersions(of: name, missingFrom: source)
        releaseFreeMemory()
        if let failure { throw .loadFailed(name, failure) }
    }

    /// Serves a model no longer; its files stay unloaded until they change or `load` is called.
    ///
    /// Requests in flight finish.
    /// - Throws: `unknownModel`.
    public func unload(_ name: String) throws(RepositoryError) {
        let (versions, names) = hosted.withLock { ($0[name]?.versions, $0.keys.sorted()) }
        guard let versions else { throw .unknownModel(name, available: names) }
        for version in versions {
            change(name, version.number) {
                $0.withdrawn = $0.stamp ?? $0.problem?.stamp
                $0.model = nil
                $0.stamp = nil
            }
        }
    }

    /// Looks at the folders: loads what is new or changed, unloads what is gone.
    ///
    /// Files are read only when two looks in a row found the same sizes and times of change, so that a file is
    /// complete before it is used; what failed to load is tried again only when its files change.
    /// A look for which the process had no descriptor left saw nothing and changes nothing.
    /// - Returns: Names of models whose served versions may have changed, or that could not be loaded.
    @discardableResult
    public func refresh() -> [String] {
        guard hasDescriptors else { return [] }
        let before = looks.withLock { $0.stamps }
        var changed: [String] = []
        var stamps: [String: FileStamp] = [:]
        let sources = sources()
        for source in sources {
            for version in source.versions {
                let key = RepositoryLook.key(source.name, version.place)
                let stamp = FileStamp(version.place)
                stamps[key] = stamp
                guard before[key] == stamp, !knows(stamp, version, of: source) else { continue }
                load(version, of: source)
                changed.append(source.name)
            }
        }
        if !changed.isEmpty { releaseFreeMemory() }
        guard hasDescriptors else { return changed }
        looks.withLock { $0.stamps = stamps }
        // Files that are replaced may be missing for a moment: gone is what two looks did not find.
        return changed + dropMissing(besides: Set(stamps.keys).union(before.keys))
    }

    /// Whether a folder could be opened just now.
    private var hasDescriptors: Bool {
        let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { return errno != EMFILE && errno != ENFILE }
        close(descriptor)
        return true
    }

    /// The models in the folders; of several with one name the first.
    func sources() -> [ModelSource] {
        var names: Set<String> = []
        var unique: [ModelSource] = []
        var duplicates: [RepositoryLook.Duplicate] = []
        for source in ModelSource.all(in: folders, loneName: loneName) {
            if names.insert(source.name).inserted {
                unique.append(source)
            } else {
                let folder = source.versions.first?.place.lastPathComponent ?? ""
                duplicates.append(RepositoryLook.Duplicate(name: source.name, folder: folder))
            }
        }
        looks.withLock { $0.duplicates = duplicates }
        return unique
    }

    /// Whether these files are served, or are not for a reason that has not changed.
    private func knows(
        _ stamp: FileStamp,
        _ version: ModelSource.Version,
        of source: ModelSource
    ) -> Bool {
        let known = hosted.withLock { $0[source.name]?[version.number] }
        return stamp == known?.stamp || stamp == known?.problem?.stamp
            || stamp == known?.withdrawn
    }

    private func dropVersions(of name: String, missingFrom source: ModelSource) {
        let numbers = source.versions.map(\.number)
        hosted.withLock { $0[name]?.removeVersions { !numbers.contains($0.number) } }
    }

    /// Drops versions whose files have none of these keys; returns their models' names.
    private func dropMissing(besides keys: Set<String>) -> [String] {
        hosted.withLock { hosted in
            var changed: [String] = []
            for (name, model) in hosted {
                var model = model
                model.removeVersions { !keys.contains(RepositoryLook.key(name, $0.place)) }
                if model.versions.count == hosted[name]?.versions.count { continue }
                hosted[name] = model.versions.isEmpty ? nil : model
                changed.append(name)
            }
            return changed.sorted()
        }
    }
}

/// What a look at a repository's folders found.
struct RepositoryLook: Sendable {
    struct Duplicate: Sendable {
        let name: String
        let folder: String
    }

    /// Files by the key of model and place.
    var stamps: [String: FileStamp] = [:]
    /// Models whose name another one has already.
    var duplicates: [Duplicate] = []

    static func key(_ name: String, _ place: URL) -> String { "\(name) \(place.path)" }
}
