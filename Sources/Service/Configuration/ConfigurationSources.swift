public import FoundationEssentials
import Glibc
import TensorFormats

extension Configuration {
    /// Settings from the file, overridden by the environment, overridden by flags.
    ///
    /// `flags` are pairs of a setting's name and text. A bad value in any source is an error that names it and the
    /// source, and so is an unknown name, but in the environment: see `SettingVariables`.
    public init(
        file: URL?,
        environment: [String: String],
        flags: [(name: String, value: String)]
    ) throws(ConfigurationError) {
        self.init()
        if let file { try read(file) }
        try readPlatform(environment)
        for (variable, setting, value) in SettingVariables(environment).settings {
            try set(setting, to: value, source: "environment variable \(variable)")
        }
        for (name, value) in flags {
            try set(name, to: value, source: "command line")
        }
        try checkCertificates()
    }

    /// What SageMaker and Vertex AI tell a container, whose clients they check themselves.
    private mutating func readPlatform(
        _ environment: [String: String]
    ) throws(ConfigurationError) {
        let names = [
            ("SAGEMAKER_BIND_TO_PORT", "port"), ("AIP_HTTP_PORT", "port"),
            ("AIP_HEALTH_ROUTE", "health_route"), ("AIP_PREDICT_ROUTE", "predict_route"),
        ]
        for (variable, setting) in names {
            guard let value = environment[variable], !value.isEmpty else { continue }
            try set(setting, to: value, source: "environment variable \(variable)")
            host = "0.0.0.0"
            anonymous = true
            hosts = "*"
        }
        // Knative and Cloud Run stand before the container, and pass on what names their clients call.
        if environment["K_SERVICE"]?.isEmpty == false { hosts = "*" }
    }

    private mutating func set(
        _ name: String,
        to value: String,
        source: String
    ) throws(ConfigurationError) {
        guard let setting = Setting.all.first(where: { $0.name == name }) else {
            throw .unknownSetting(name: name, source: source, known: Setting.all.map(\.name))
        }
        guard setting.write(value, &self) else {
            throw .invalidValue(
                name: name,
                source: source,
                expected: setting.expected,
                got: value
            )
        }
    }

    private mutating func read(_ file: URL) throws(ConfigurationError) {
        let data: Data
        do {
            data = try Data(contentsOf: file)
        } catch {
            throw .unreadable(file: file.path, reason: "it is missing or may not be read")
        }
        let entries: [(String, String)]
        do throws(JSONError) {
            entries = try Self.entries([UInt8](data))
        } catch {
            throw .invalidFile(file: file.path, reason: error.description)
        }
        for (name, value) in entries { try set(name, to: value, source: file.path) }
    }

    /// Names and texts of a flat object of texts, integers and truth values.
    private static func entries(_ bytes: [UInt8]) throws(JSONError) -> [(String, String)] {
        var entries: [(String, String)] = []
        var reader = JSONReader(bytes)
        try reader.object { (key, reader) throws(JSONError) in
            switch try reader.peek() {
            case .number: entries.append((key, String(try reader.integer())))
            case .boolean: entries.append((key, String(try reader.boolean())))
            default: entries.append((key, try reader.string()))
            }
        }
        try reader.end()
        return entries
    }

    /// The settings as a configuration file.
    public var document: [UInt8] {
        JSON.object(Setting.all.map { ($0.name, $0.read(self)) }).text
    }
}
