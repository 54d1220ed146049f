import Compute
public import Dispatch

import Graph
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
        let found = look()
        guard let source = found.sources.first(where: { $0.name == name }) else {
            throw .unknownModel(name, available: found.sources.map(\.name).sorted())
        }
        let (group, failures) = (DispatchGroup(), Collected<(index: Int, error: ModelError)>())
        for (index, version) in source.versions.enumerated() {
            let seen = found.stamp(of: version, name)
            beginLoad(version, of: source, seen: seen, in: group) { error, _ in
                if let error { failures.append((index, error)) }
            }
        }
        group.wait()
        dropVersions(of: name, missingFrom: source)
        releaseFreeMemory()
        if let first = failures.all.min(by: { $0.index < $1.index }) {
            throw .loadFailed(name, first.error)
        }
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
                $0.companions = []
                // What is being loaded now comes too late.
                $0.attempt = nil
                $0.stage = nil
            }
        }
    }

    /// Looks at the folders: loads what is new or changed, unloads what is gone; returns when that is done.
    ///
    /// - Returns: Names of models whose served versions may have changed, or that could not be loaded.
    @discardableResult
    public func refresh() -> [String] {
        let (group, loaded) = (DispatchGroup(), Collected<String>())
        let others = refresh(in: group) { loaded.append($0) }
        group.wait()
        return loaded.all + others
    }

    /// Looks at the folders: begins to load what is new or changed, unloads what is gone, and does not wait.
    ///
    /// Files are read only when two looks in a row found the same sizes and times of change, so that a file is
    /// complete before it is used; what failed to load is tried again only when its files change.
    /// A look for which the process had no descriptor left saw nothing and changes nothing.
    /// - Parameters:
    ///   - group: Left by each load when it has ended.
    ///   - loaded: Called with the name of each model that was loaded, or could not be.
    /// - Returns: Names of models that are gone, or of which something else is new.
    public func refresh(
        in group: DispatchGroup = DispatchGroup(),
        _ loaded: @escaping @Sendable (String) -> Void
    ) -> [String] {
        guard hasDescriptors else { return [] }
        let (before, notes) = looks.withLock { ($0.stamps, $0.notes) }
        let found = look()
        var isLoading = false
        for source in found.sources {
            for version in source.versions {
                guard let stamp = found.stamp(of: version, source.name),
                    before[RepositoryLook.key(source.name, version.place)] == stamp,
                    !knows(stamp, version, of: source)
                else { continue }
                isLoading = true
                beginLoad(version, of: source, seen: stamp, in: group) { _, isNews in
                    if isNews { loaded(source.name) }
                }
            }
        }
        if isLoading { group.notify(queue: .global()) { releaseFreeMemory() } }
        guard hasDescriptors else { return [] }
        looks.withLock { $0.stamps = found.stamps }
        // Files that are replaced may be missing for a moment: gone is what two looks did not find.
        let gone = dropMissing(besides: Set(found.stamps.keys).union(before.keys), after: found)
        return gone + found.notes.filter { !notes.contains($0) }.map(\.model)
    }

    /// Whether a folder could be opened just now.
    private var hasDescriptors: Bool {
        let descriptor = unsafe open("/", O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { return errno != EMFILE && errno != ENFILE }
        close(descriptor)
        return true
    }

    /// Whether these files are served or loaded now, or are not for a reason that has not changed.
    private func knows(
        _ stamp: FileStamp,
        _ version: ModelSource.Version,
        of source: ModelSource
    ) -> Bool {
        let known = hosted.withLock { $0[source.name]?[version.number] }
        return known?.stage == .loading || stamp == known?.stamp || stamp == known?.problem?.stamp
            || stamp == known?.withdrawn
    }

    private func dropVersions(of name: String, missingFrom source: ModelSource) {
        let numbers = source.versions.map(\.number)
        hosted.withLock { $0[name]?.removeVersions { !numbers.contains($0.number) } }
    }

    /// Drops versions whose files have none of these keys, where that is certain; returns their models' names.
    private func dropMissing(
        besides keys: Set<String>,
        after look: RepositoryLook
    ) -> [String] {
        hosted.withLock { hosted in
            var changed: [String] = []
            for (name, model) in hosted {
                var model = model
                model.removeVersions {
                    !keys.contains(RepositoryLook.key(name, $0.place)) && !look.isSilent($0.place)
                }
                if model.versions.count == hosted[name]?.versions.count { continue }
                hosted[name] = model.versions.isEmpty ? nil : model
                changed.append(name)
            }
            return changed.sorted()
        }
    }
}

/// What several threads bring together.
private final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] { values.withLock(\.self) }

    func append(_ value: Value) { values.withLock { $0.append(value) } }
}
