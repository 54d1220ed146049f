import Dispatch
public import FoundationEssentials
import Glibc
import Models
import Synchronization
import TensorFormats

extension Service {
    /// Settings that count from the next request on; the others are read at the start only.
    static let liveSettings: Set<String> = [
        "keys_file", "state_keys_file", "session_bytes", "session_ttl_seconds",
        "session_drain_seconds", "joined_steps", "batch_wait_microseconds", "anonymous",
        "metrics_access", "hosts", "cors_origins", "nv_metrics",
        "queue_milliseconds", "drain_delay_seconds", "drain_seconds", "body_bytes",
        "image_body_bytes", "maximum_pixels",
        "sequence_limit", "series_numbers", "answer_numbers", "compute_seconds",
        "repository_changes",
    ]

    /// The file that keys are read from now; nil for none.
    public var keysFile: URL? {
        let path = configuration.keysFile
        return path.isEmpty ? nil : URL(fileURLWithPath: path)
    }

    /// The file that keys for states are read from now; nil for none.
    public var stateKeysFile: URL? {
        let path = configuration.stateKeysFile
        return path.isEmpty ? nil : URL(fileURLWithPath: path)
    }

    /// Reads the keys again; returns their names.
    public func reloadKeys() throws(ConfigurationError) -> String {
        let keys = try Self.readKeys(configuration)
        let stateKeys = try stateKeysFile.map { (file) throws(ConfigurationError) in
            try StateKeyFile.read(file)
        }
        try replaceSettings(configuration, keys)
        if let stateKeys { host.tokens.use(stateKeys) }
        return keys.isEmpty ? "no keys" : keys.map(\.name).joined(separator: ", ")
    }

    /// Takes over another configuration and its keys; returns what changed by that and what needs a restart.
    public func reconfigure(_ new: Configuration) throws(ConfigurationError) -> String {
        let old = configuration
        var new = new
        // Chosen by the machine at the start.
        (new.threads, new.loops) = (old.threads, old.loops)
        let changed = Setting.all.filter { $0.read(old).text != $0.read(new).text }.map(\.name)
        let stateKeys =
            new.stateKeysFile.isEmpty
            ? nil : try StateKeyFile.read(URL(fileURLWithPath: new.stateKeysFile))
        try replaceSettings(new, Self.readKeys(new))
        if let stateKeys { host.tokens.use(stateKeys) }
        host.sessions.limit(to: new.sessions)
        scheduler.limitWait(to: Double(new.queueMilliseconds) / 1000)
        let live = changed.filter(Self.liveSettings.contains)
        let others = changed.filter { !Self.liveSettings.contains($0) }
        let parts = [
            live.isEmpty ? nil : "changed \(live.joined(separator: ", "))",
            others.isEmpty ? nil : "needs a restart for \(others.joined(separator: ", "))",
        ].compactMap(\.self)
        return parts.isEmpty ? "nothing changed" : parts.joined(separator: "; ")
    }

    /// Looks at the models' folders now; returns the names of those that changed.
    public func reloadModels() -> String {
        let done = DispatchSemaphore(value: 0)
        let repository = repository, logger = logger
        loading.run {
            // Only what two looks find the same is loaded.
            let names = repository.refresh() + repository.refresh()
            for name in Set(names).sorted() { Self.log(name, of: repository, to: logger) }
            done.signal()
        }
        done.wait()
        return "\(repository.models.count) models served"
    }

    private static func readKeys(
        _ configuration: Configuration
    ) throws(ConfigurationError) -> [AccessKey] {
        guard !configuration.keysFile.isEmpty else { return [] }
        return try KeyFile.read(URL(fileURLWithPath: configuration.keysFile))
    }

    /// The server goes on to listen where it does, and must not become open by that.
    private func replaceSettings(
        _ configuration: Configuration,
        _ keys: [AccessKey]
    ) throws(ConfigurationError) {
        let binding = settings.binding
        guard binding.isLoopback || !keys.isEmpty || configuration.anonymous else {
            throw .opensServer(host: binding.host)
        }
        let new = Settings(configuration, keys: keys, binding: binding)
        currentSettings.withLock { $0 = new }
        keyUse.keep(Set(keys.map(\.name)))
    }
}
