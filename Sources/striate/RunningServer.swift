import Compute
import Dispatch
import Engine
import FoundationEssentials
import Glibc
import HTTP
import Logging
import Models
import Service
import Threads
import Telemetry

/// The server from its start to the signal that ends it.
enum RunningServer {
    /// Returns after a signal, when the requests in flight are answered.
    ///
    /// `source` reads the configuration again where it came from.
    static func run(_ source: ConfigurationSource, showsExamples: Bool = false) throws {
        let start = ContinuousClock.now
        let signals = EndingSignals()
        var configuration = try source.read()
        let cores = configuration.threads > 0 ? configuration.threads : Workers.availableCores()
        configuration.threads = cores
        if configuration.loops == 0 { configuration.loops = cores }
        let log = ServerLog(configuration)
        defer { log.sink.flush() }
        for variable in SettingVariables(source.environment).ignored {
            log.logger.warning("not a setting", metadata: ["reason": "\(variable)"])
        }
        let keys = try AccessKeys.read(configuration, log.logger)
        var bound = configuration
        bound.host = Binding(configuration, hasKeys: !keys.isEmpty).host
        let gateway = Gateway()
        let server = Server(configuration: bound.server, handler: gateway)
        try server.start()
        let service = try makeService(configuration, keys, log)
        service.report(server)
        service.watchRepository()
        service.resumeSessions()
        gateway.open(service)
        let reloads = Reloads(logger: log.logger)
        register(source, service, server: server, configuration: configuration, with: reloads)
        let reloadSignal = ReloadSignal(reloads, seconds: configuration.reloadSeconds)
        defer { withExtendedLifetime(reloadSignal) {} }
        try announce(server, bound, log.logger, since: start)
        if showsExamples {
            let address = addresses(of: server, bound)[0]
            print(RequestExamples(address: address, models: service.modelNames).text)
            // Seen at once even where the output is a file.
            fflush(nil)
        }
        end(service, server, after: signals.wait(), log.logger)
    }

    private static func end(
        _ service: Service,
        _ server: Server,
        after signal: String,
        _ logger: Logger
    ) {
        logger.notice("draining", metadata: ["signal": "\(signal)"])
        service.beginDraining()
        // Whoever balances the load looks at /healthz, and sends its clients elsewhere meanwhile.
        Threads.pause(seconds: Double(service.drainDelaySeconds))
        service.refuseRequests()
        server.shutdown(grace: .seconds(service.drainSeconds))
        service.keepSessions()
        service.flush()
        logger.notice("stopped")
    }

    private static func register(
        _ source: ConfigurationSource,
        _ service: Service,
        server: Server,
        configuration: Configuration,
        with reloads: Reloads
    ) {
        reloads.register(
            Reloads.Part(
                name: "configuration",
                files: { [source.file?.path].compactMap(\.self) },
                reload: { try service.reconfigure(source.read()) }
            )
        )
        reloads.register(
            Reloads.Part(
                name: "keys",
                files: { [service.keysFile, service.stateKeysFile].compactMap { $0?.path } },
                reload: { try service.reloadKeys() }
            )
        )
        // The folders are watched at an interval of their own.
        reloads.register(
            Reloads.Part(name: "models", files: { [] }, reload: { service.reloadModels() })
        )
        guard let certificates = configuration.tls else { return }
        reloads.register(
            Reloads.Part(
                name: "certificates",
                files: { certificates.files },
                reload: { try server.reloadCertificates() }
            )
        )
    }

    private static func makeService(
        _ configuration: Configuration,
        _ keys: [AccessKey],
        _ log: ServerLog
    ) throws -> Service {
        let logger = log.logger
        let kernels = try KernelSet.select(
            configuration.kernels.isEmpty ? nil : configuration.kernels
        )
        let memory =
            configuration.memoryBytes > 0
            ? configuration.memoryBytes : AvailableMemory.bytes() / 4 * 3
        let workers = Workers(
            count: configuration.threads,
            memory: MemoryLedger(limit: memory)
        )
        logger.notice(
            "engine",
            metadata: [
                "kernels": "\(kernels.name)", "threads": "\(configuration.threads)",
                "memory_mib": "\(memory >> 20)",
            ]
        )
        let folders = SearchPath.current.modelFolders(configuration.models)
        let repository = ModelRepository(
            folders: folders,
            kernels: kernels,
            workers: workers,
            memoryLimit: configuration.computeBytes,
            plans: PlanStore(limit: configuration.planBytes),
            loneName: configuration.modelName.isEmpty ? nil : configuration.modelName,
            limits: configuration.loading
        )
        for model in repository.models {
            logger.notice(
                "model",
                metadata: [
                    "name": "\(model.name)", "version": "\(model.version)",
                    "task": "\(model.manifest.task.name)",
                    "parameters": "\(model.parameterCount)",
                ]
            )
        }
        for model in repository.models where !model.remark.isEmpty {
            logger.warning(
                "model served",
                metadata: ["name": "\(model.name)", "reason": "\(model.remark)"]
            )
        }
        for model in repository.models where model.byDefinition.share >= 0.01 {
            logger.warning(
                "slow",
                metadata: ["name": "\(model.name)", "reason": "\(model.byDefinition.summary)"]
            )
        }
        for row in repository.index where row.isCurrent && !row.reason.isEmpty {
            logger.warning(
                "model served",
                metadata: ["name": "\(row.name)", "reason": "\(row.reason)"]
            )
        }
        for failure in repository.failures {
            logger.error(
                "model not served",
                metadata: [
                    "name": "\(failure.name)", "version": "\(failure.version)",
                    "folder": "\(failure.folder)", "reason": "\(failure.error)",
                ]
            )
        }
        for mistake in repository.mistakes {
            logger.error(
                "model not served",
                metadata: [
                    "name": "\(mistake.name)", "version": "\(mistake.version)",
                    "reason": "\(mistake.reason)",
                ]
            )
        }
        // An empty folder may fill later, where it is watched or clients load models.
        guard
            !repository.models.isEmpty || isWatched(folders, configuration)
                || configuration.repositoryChanges
        else {
            throw StartError.noModels(folders)
        }
        return try Service(
            repository: repository,
            configuration: configuration,
            keys: keys,
            stateKeys: configuration.stateKeysFile.isEmpty
                ? StateKeys()
                : StateKeyFile.read(URL(fileURLWithPath: configuration.stateKeysFile)),
            logger: logger,
            accessLog: log.access
        )
    }

    private static func isWatched(_ folders: [URL], _ configuration: Configuration) -> Bool {
        configuration.watchMilliseconds > 0
            && folders.contains { FileManager.default.fileExists(atPath: $0.path) }
    }

    /// Where the server answers, plain HTTP first.
    private static func addresses(
        of server: Server,
        _ configuration: Configuration
    ) -> [String] {
        let host = configuration.host
        let name = host.contains(":") ? "[\(host)]" : host
        let plain = configuration.port < 0 ? [] : ["http://\(name):\(server.port)"]
        return plain + (server.securePort.map { ["https://\(name):\($0)"] } ?? [])
    }

    /// Says where the server answers, in the log and in the ready file: one port a line.
    private static func announce(
        _ server: Server,
        _ configuration: Configuration,
        _ logger: Logger,
        since start: ContinuousClock.Instant
    ) throws {
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        logger.notice(
            "ready",
            metadata: [
                "address": "\(addresses(of: server, configuration).joined(separator: " "))",
                "milliseconds": "\(milliseconds)",
            ]
        )
        guard !configuration.readyFile.isEmpty else { return }
        do {
            let plain = configuration.port < 0 ? [] : [server.port]
            let ports = plain + (server.securePort.map { [$0] } ?? [])
            try Data(ports.map { "\($0)\n" }.joined().utf8).write(
                to: URL(fileURLWithPath: configuration.readyFile),
                options: .atomic
            )
        } catch {
            throw StartError.readyFile(configuration.readyFile)
        }
    }
}

/// Why the server cannot begin.
enum StartError: Error, CustomStringConvertible {
    case noModels([URL])
    case readyFile(String)

    var description: String {
        switch self {
        case .noModels(let folders) where folders.isEmpty:
            "no folder config/models was found near the program; name one by --models"
        case .noModels(let folders):
            "no model can be served from \(folders.map(\.path).joined(separator: ", "))"
        case .readyFile(let file): "cannot write the ready file \(file)"
        }
    }
}
