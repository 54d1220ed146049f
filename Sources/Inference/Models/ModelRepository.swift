public import Compute
public import Foundation
import Synchronization

/// The models a server hosts, by name.
public final class ModelRepository: Sendable {
    /// In order of their names.
    public let models: [Model]

    /// Folders that hold a model.json but could not be served, and why.
    public let failures: [(folder: String, error: ModelError)]

    private let byName: [String: Model]

    /// Loads every folder below `folders` that holds a model.json, and such folders themselves.
    ///
    /// A model that fails to load is reported in `failures` and does not stop the others.
    public init(
        folders: [URL],
        kernels: KernelSet,
        workers: Workers,
        memoryLimit: Int = 1 << 30
    ) {
        var loaded: [Model] = []
        var failed: [(folder: String, error: ModelError)] = []
        for folder in Self.modelFolders(in: folders) {
            do throws(ModelError) {
                let model = try Model(
                    folder: folder,
                    kernels: kernels,
                    workers: workers,
                    memoryLimit: memoryLimit
                )
                guard !loaded.contains(where: { $0.name == model.name }) else {
                    throw .invalidManifest(
                        field: "model.json, name",
                        expected: "a name no other model has",
                        got: "\"\(model.name)\""
                    )
                }
                loaded.append(model)
            } catch {
                failed.append((folder.lastPathComponent, error))
            }
        }
        models = loaded.sorted { $0.name < $1.name }
        failures = failed
        byName = Dictionary(uniqueKeysWithValues: loaded.map { ($0.name, $0) })
    }

    public func model(named name: String) -> Model? {
        byName[name]
    }

    private static func modelFolders(in folders: [URL]) -> [URL] {
        let files = FileManager.default
        func isModel(_ folder: URL) -> Bool {
            files.fileExists(atPath: folder.appendingPathComponent("model.json").path)
        }
        return folders.flatMap { folder -> [URL] in
            if isModel(folder) { return [folder] }
            let names = (try? files.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { folder.appendingPathComponent($0) }.filter(isModel)
        }
    }
}
