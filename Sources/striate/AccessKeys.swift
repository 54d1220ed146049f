import FoundationEssentials
import Glibc
import Logging
import Service

/// The keys a server starts with, and what it says about who may connect.
enum AccessKeys {
    static func read(
        _ configuration: Configuration,
        _ logger: Logger
    ) throws(ConfigurationError) -> [AccessKey] {
        let keys =
            configuration.keysFile.isEmpty
            ? [] : try KeyFile.read(URL(fileURLWithPath: configuration.keysFile))
        announce(
            Binding(configuration, hasKeys: !keys.isEmpty),
            keys,
            configuration: configuration,
            to: logger
        )
        return keys
    }

    private static func announce(
        _ binding: Binding,
        _ keys: [AccessKey],
        configuration: Configuration,
        to logger: Logger
    ) {
        if !keys.isEmpty {
            let names = keys.map(\.name).joined(separator: ", ")
            logger.notice("access needs a key", metadata: ["keys": "\(names)"])
        } else if let refused = binding.refusedHost {
            logger.warning(
                "no keys: listening on this machine only; give keys_file, or set anonymous to true",
                metadata: ["wanted": "\(refused)", "host": "\(binding.host)"]
            )
        } else if binding.isLoopback {
            logger.notice("no keys: listening on this machine only")
        }
        if configuration.anonymous, !binding.isLoopback {
            logger.warning(
                "anonymous: every client that can connect is served without a key",
                metadata: ["host": "\(binding.host)"]
            )
        }
    }
}
