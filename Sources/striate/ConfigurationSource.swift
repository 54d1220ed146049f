import FoundationEssentials
import Glibc
import Service

/// Where the settings come from, to be read at the start and whenever they may have changed.
struct ConfigurationSource: Sendable {
    let file: URL?
    let environment: [String: String]
    let flags: [(name: String, value: String)]

    func read() throws(ConfigurationError) -> Configuration {
        try Configuration(file: file, environment: environment, flags: flags)
    }
}
