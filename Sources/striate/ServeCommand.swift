import ArgumentParser
import FoundationEssentials
import Glibc
import Service

/// `striate serve`: the server.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models over HTTP (the default).",
        discussion: """
            Settings come from flags, over STRIATE_… environment variables, over config/striate.json, which \
            lists all of them with their defaults. Each one can be given as a flag by --set.

            Examples:
              striate serve --port 9000
              striate serve --host 0.0.0.0 --models ./my-model --models /srv/models
              striate serve --set queue_milliseconds=200 --log-format json
              STRIATE_PORT=9000 striate serve
              striate serve --tls-certificate certificate.pem --tls-port 8443

            SIGHUP reads the configuration, keys, certificates and models again, and a change of these files
            does too; what cannot be read keeps its old state, and the log says why. SIGTERM and SIGINT end the
            server after the requests in flight are answered.
            """
    )

    @Option(help: "The configuration file; config/striate.json near the program unless given.")
    var config: String?

    @Option(help: "The numeric address to listen on.")
    var host: String?

    @Option(help: "The port for HTTP; 0 for any free one, -1 for none.")
    var port: Int?

    @Option(help: "The port for HTTPS, 8443 unless given; 0 for any free one.")
    var tlsPort: Int?

    @Option(help: "A PEM file with a certificate chain; may be repeated, one for each host name.")
    var tlsCertificate: [String] = []

    @Option(help: "The PEM file of its key, unless it is in the same file; repeated likewise.")
    var tlsKey: [String] = []

    @Option(help: "A model's folder, or a folder of those; may be repeated.")
    var models: [String] = []

    @Option(help: "Requests computed at once; 0: one per core.")
    var threads: Int?

    @Option(help: "Instruction set of the kernels: baseline, avx2, avx512 or neon.")
    var kernels: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?

    @Option(help: "text, json, or auto: text on a terminal.")
    var logFormat: String?

    @Option(help: "A file that gets the port once the server answers.")
    var readyFile: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Any setting of the configuration file.", valueName: "name=value")
    )
    var settings: [String] = []

    @Flag(help: "Print the settings that would be used, as a configuration file, and exit.")
    var printConfig = false

    @Flag(help: "Print requests to try once the server answers.")
    var examples = false

    func run() throws {
        let source = try source()
        if printConfig {
            writeOut([UInt8](try source.read().document))
            return
        }
        try RunningServer.run(source, showsExamples: examples)
    }

    private func source() throws -> ConfigurationSource {
        let environment = ProcessInfo.processInfo.environment
        let variable = environment["STRIATE_CONFIG"]
        let path = config ?? (variable?.isEmpty == true ? nil : variable)
        return ConfigurationSource(
            file: path.map { URL(fileURLWithPath: $0) } ?? SearchPath.current.configurationFile,
            environment: environment,
            flags: try flags()
        )
    }

    private func joined(_ values: [String]) -> String? {
        values.isEmpty ? nil : values.joined(separator: ":")
    }

    private func flags() throws -> [(name: String, value: String)] {
        let named: [(String, String?)] = [
            ("host", host), ("port", port.map(String.init)),
            ("tls_port", tlsPort.map(String.init)),
            ("tls_certificates", joined(tlsCertificate)), ("tls_keys", joined(tlsKey)),
            ("models", joined(models)),
            ("threads", threads.map(String.init)), ("kernels", kernels), ("log_level", logLevel),
            ("log_format", logFormat), ("ready_file", readyFile),
        ]
        var flags = named.compactMap { name, value in value.map { (name: name, value: $0) } }
        for setting in settings {
            let sides = setting.split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard sides.count == 2 else {
                throw ValidationError("--set takes name=value, not \"\(setting)\"")
            }
            flags.append((String(sides[0]), String(sides[1])))
        }
        return flags
    }
}
