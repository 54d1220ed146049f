public import Graph

/// One row of a repository's index.
public struct RepositoryRow: Sendable, Equatable {
    public enum State: String, Sendable {
        case ready = "READY"
        case unavailable = "UNAVAILABLE"
        case loading = "LOADING"
        case unloading = "UNLOADING"
    }

    public let name: String
    /// Empty for a model that never was loaded and whose folder has no number.
    public let version: String
    public let state: State
    /// Why the newest files are not served, or served otherwise than may be expected; else empty.
    public let reason: String
    /// Whether the newest files are what is served.
    public var isCurrent = false
}

extension RepositoryRow {
    init(name: String, _ version: HostedModel.Version) {
        self.name = name
        self.version = version.name
        state =
            switch (version.model, version.stage) {
            // What is served stays so while its successor is loaded.
            case (.some, .loading), (.some, nil): .ready
            case (_, .unloading): .unloading
            case (nil, .loading): .loading
            case (nil, nil): .unavailable
            }
        reason =
            if let problem = version.problem {
                version.model == nil
                    ? "\(problem.error)" : "newer files could not be loaded: \(problem.error)"
            } else if version.withdrawn != nil, version.model == nil {
                "unloaded"
            } else {
                version.remarks.joined(separator: ". ")
            }
        isCurrent = version.model != nil && version.problem == nil
    }
}

extension RepositoryRow {
    /// Files of a model that nobody has asked to load.
    init(unloaded source: ModelSource, _ version: ModelSource.Version) {
        name = source.name
        self.version = version.number.map(String.init) ?? ""
        state = .unavailable
        reason = "not loaded"
    }

    /// What looks like a model and is none.
    init(_ note: SourceNote) {
        name = note.model
        version = note.version
        state = .unavailable
        reason = note.reason
    }

    init(duplicate: RepositoryLook.Duplicate) {
        name = duplicate.name
        version = ""
        state = .unavailable
        reason = "\(duplicate.folder): \(ModelError.duplicateName(duplicate.name))"
    }
}

extension ModelError {
    static func duplicateName(_ name: String) -> ModelError {
        .invalidManifest(
            field: "model.json, name",
            expected: "a name no other model has",
            got: "\"\(name)\""
        )
    }
}

/// Why a repository does not do what it was asked.
public enum RepositoryError: Error, Sendable, Equatable {
    /// No file of the repository makes a model of this name.
    case unknownModel(String, available: [String])
    case loadFailed(String, ModelError)
}
