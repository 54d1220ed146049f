import HTTP
import Models
import Redis
import TensorFormats
import Texts

/// One setting: its name in every source, and how its text becomes a value.
public struct Setting: Sendable {
    /// As in the configuration file: `body_bytes`; the environment has `STRIATE_BODY_BYTES`.
    public let name: String
    public let summary: String
    let write: @Sendable (String, inout Configuration) -> Bool
    let read: @Sendable (Configuration) -> JSON
    let expected: String

    /// All settings in the order of the configuration file.
    public static let all: [Setting] =
        network + encryption + access + repository + engine + logging + limits

    private static let network = [
        text("host", \.host, "the numeric address to listen on"),
        number("port", \.port, in: -1...65_535, "the port for HTTP; 0: any free one, -1: none"),
        list("models", \.models, "folders of models, separated by colons; empty: those that ship"),
        Setting(
            name: "replica",
            summary:
                "what this server calls itself in the field X-Replica of its answers; empty: nothing",
            write: { text, configuration in
                guard text.utf8.count <= 255, text.utf8.allSatisfy({ (33...126).contains($0) })
                else { return false }
                configuration.replica = text
                return true
            },
            read: { .string($0.replica) },
            expected: "at most 255 visible characters"
        ),
        text("ready_file", \.readyFile, "a file that gets the address once the server answers"),
    ]

    private static let encryption = [
        number("tls_port", \.securePort, in: 0...65_535, "the port for HTTPS; 0: any free one"),
        list("tls_certificates", \.certificates, "PEM files, separated by colons; empty: no HTTPS"),
        list("tls_keys", \.certificateKeys, "their keys' files; empty: the same files"),
        word("tls_client_certificates", \.clientCertificates, "whether clients must show some"),
        text("tls_client_authorities", \.clientAuthorities, "PEM file of who may sign those"),
        number("tls_handshake_seconds", \.handshakeSeconds, in: 1...3600, "time for a handshake"),
        number(
            "reload_seconds",
            \.reloadSeconds,
            in: 0...86_400,
            "how often files are looked at for changes; 0: only after SIGHUP"
        ),
    ]

    private static let access = [
        text("keys_file", \.keysFile, "the file of API keys; empty: none"),
        text(
            "state_keys_file",
            \.stateKeysFile,
            "the file of keys for states that travel with clients; empty: a key that ends with the process"
        ),
        flag("anonymous", \.anonymous, "serve clients without a key, also from other machines"),
        word("metrics_access", \.metricsAccess, "who may read /metrics"),
        text("hosts", \.hosts, "names by which requests without a key may call it; * for all"),
        text("cors_origins", \.corsOrigins, "origins whose pages may read answers; * for all"),
    ]

    private static let repository = [
        text("model_name", \.modelName, "what a model is called whose own folder is in models"),
        text("health_route", \.healthRoute, "one more path that answers as /ping"),
        text("predict_route", \.predictRoute, "one more path that answers as /invocations"),
        number(
            "watch_milliseconds",
            \.watchMilliseconds,
            in: 0...3_600_000,
            "pause between looks at the models' folders; 0: only at the start"
        ),
        flag(
            "repository_changes",
            \.repositoryChanges,
            "let clients load and unload models, not only administrators' keys"
        ),
    ]

    private static let engine = [
        number("threads", \.threads, in: 0...1024, "requests computed at once; 0: one per core"),
        number("loops", \.loops, in: 0...1024, "event loops; 0: one per core"),
        text("kernels", \.kernels, "instruction set of the kernels; empty: the best one"),
        number(
            "queue_milliseconds",
            \.queueMilliseconds,
            in: 1...3_600_000,
            "predicted wait beyond which requests are refused"
        ),
        number(
            "drain_delay_seconds",
            \.drainDelaySeconds,
            in: 0...3600,
            "time between not being ready and accepting no more, at shutdown"
        ),
        number(
            "drain_seconds",
            \.drainSeconds,
            in: 0...3600,
            "time for requests in flight at shutdown"
        ),
    ]

    private static let logging = [
        word("log_level", \.logLevel, "the least important lines written"),
        word("log_format", \.logFormat, "text, json, or auto: text on a terminal"),
        flag("nv_metrics", \.nvMetrics, "metrics under Triton's names too"),
        Setting(
            name: "otlp_endpoint",
            summary: "a collector's address for traces as OTLP/HTTP JSON; empty: none",
            write: { text, configuration in
                guard text.isEmpty || Collector(text) != nil else { return false }
                configuration.otlpEndpoint = text
                return true
            },
            read: { .string($0.otlpEndpoint) },
            expected: "an address like http://127.0.0.1:4318/v1/traces"
        ),
        number("trace_percent", \.tracePercent, in: 0...100, "requests traced without being asked"),
    ]

    private static let limits = [
        number("body_bytes", \.bodyBytes, in: 1...(1 << 30), "largest body"),
        number("image_body_bytes", \.imageBodyBytes, in: 1...(1 << 30), "largest body with images"),
        number("maximum_pixels", \.maximumPixels, in: 1...1_000_000_000, "largest picture"),
        number(
            "sequence_limit",
            \.sequenceLimit,
            in: 1...100_000_000,
            "longest sequence, in symbols"
        ),
        number(
            "series_numbers",
            \.seriesNumbers,
            in: 1...(1 << 32),
            "numbers of all series in a body"
        ),
        number(
            "session_bytes",
            \.sessionBytes,
            in: 65_536...(1 << 40),
            "states of all sessions; one client's are at most three times what is free then"
        ),
        number(
            "session_ttl_seconds",
            \.sessionSeconds,
            in: 1...Configuration.longestSession,
            "life of a session or of a state's token after its last use"
        ),
        number(
            "joined_steps",
            \.joinedSteps,
            in: 1...Model.mostTogether,
            "steps of different sessions and requests computed together at most; 1: none"
        ),
        number(
            "batch_wait_microseconds",
            \.batchWaitMicroseconds,
            in: 0...1_000_000,
            "time for which a step waits for others to come and go along"
        ),
        number(
            "session_drain_seconds",
            \.sessionDrainSeconds,
            in: 0...Configuration.longestSession,
            "time for which sessions go on with a model that was replaced"
        ),
        Setting(
            name: "session_store",
            summary: "a Redis or Valkey server in which servers share sessions; empty: none",
            write: { text, configuration in
                guard text.isEmpty || RedisAddress(text) != nil else { return false }
                configuration.sessionStore = text
                return true
            },
            read: { .string(RedisAddress($0.sessionStore)?.description ?? "") },
            expected: "an address like \(RedisAddress.form)"
        ),
        number(
            "session_store_milliseconds",
            \.sessionStoreMilliseconds,
            in: 1...60_000,
            "time that the store of sessions has for an answer"
        ),
        number(
            "session_store_connections",
            \.sessionStoreConnections,
            in: 1...64,
            "connections to the store of sessions, each of a thread"
        ),
        text(
            "sessions_file",
            \.sessionsFile,
            "where sessions in memory wait for the next start; empty: nowhere"
        ),
        number("connections", \.connections, in: 1...1_000_000, "open connections"),
        number(
            "client_connections",
            \.clientConnections,
            in: 1...1_000_000,
            "of these, one client's"
        ),
        number("handshakes", \.handshakes, in: 1...1_000_000, "TLS handshakes that have not ended"),
        number(
            "total_body_bytes",
            \.totalBodyBytes,
            in: 1024...(1 << 40),
            "bodies of all requests together"
        ),
        number(
            "compute_bytes",
            \.computeBytes,
            in: (1 << 20)...(1 << 40),
            "memory of one computation"
        ),
        number(
            "memory_bytes",
            \.memoryBytes,
            in: 0...(1 << 42),
            "memory of all computations; 0 for 3/4 of what there is"
        ),
        number(
            "plan_bytes",
            \.planBytes,
            in: 0...(1 << 42),
            "plans kept for input sizes that may come again, of all models"
        ),
        number("load_seconds", \.loadSeconds, in: 1...86_400, "time for loading a model"),
        number(
            "load_bytes",
            \.loadBytes,
            in: (1 << 20)...(1 << 42),
            "memory for reading the files of one model"
        ),
        number("loads", \.loads, in: 1...64, "models loaded at once"),
        number(
            "compute_seconds",
            \.computeSeconds,
            in: 1...86_400,
            "time of one request on a core, its waiting not counted"
        ),
        number("answer_numbers", \.answerNumbers, in: 1...(1 << 40), "numbers in an answer"),
        number("head_bytes", \.headBytes, in: 256...(1 << 20), "request line and header fields"),
        number("head_fields", \.headFields, in: 1...10_000, "header fields"),
        number("request_line_bytes", \.requestLineBytes, in: 64...(1 << 20), "request line"),
        number("head_seconds", \.headSeconds, in: 1...3600, "time to send a head"),
        number("body_idle_seconds", \.bodyIdleSeconds, in: 1...3600, "longest pause in a body"),
        number("keep_alive_seconds", \.keepAliveSeconds, in: 1...86_400, "pause between requests"),
        number("write_stall_seconds", \.writeStallSeconds, in: 1...3600, "pause of a slow reader"),
    ]
}

extension Setting {
    private typealias Place<Value> = WritableKeyPath<Configuration, Value> & Sendable

    private static func text(
        _ name: String,
        _ place: any Place<String>,
        _ summary: String
    ) -> Setting {
        Setting(
            name: name,
            summary: summary,
            write: { text, configuration in
                configuration[keyPath: place] = text
                return true
            },
            read: { .string($0[keyPath: place]) },
            expected: "a text"
        )
    }

    private static func list(
        _ name: String,
        _ place: any Place<[String]>,
        _ summary: String
    ) -> Setting {
        Setting(
            name: name,
            summary: summary,
            write: { text, configuration in
                configuration[keyPath: place] = text.split(separator: ":").map(String.init)
                return true
            },
            read: { .string($0[keyPath: place].joined(separator: ":")) },
            expected: "a text"
        )
    }

    private static func number(
        _ name: String,
        _ place: any Place<Int>,
        in range: ClosedRange<Int>,
        _ summary: String
    ) -> Setting {
        Setting(
            name: name,
            summary: summary,
            write: { text, configuration in
                guard let value = Int(text), range.contains(value) else { return false }
                configuration[keyPath: place] = value
                return true
            },
            read: { .integer($0[keyPath: place]) },
            expected: "an integer from \(range.lowerBound) to \(range.upperBound)"
        )
    }

    private static func flag(
        _ name: String,
        _ place: any Place<Bool>,
        _ summary: String
    ) -> Setting {
        Setting(
            name: name,
            summary: summary,
            write: { text, configuration in
                guard let value = Bool(text) else { return false }
                configuration[keyPath: place] = value
                return true
            },
            read: { .boolean($0[keyPath: place]) },
            expected: "true or false"
        )
    }

    private static func word<Word: RawRepresentable & CaseIterable & Sendable>(
        _ name: String,
        _ place: any Place<Word>,
        _ summary: String
    ) -> Setting where Word.RawValue == String {
        Setting(
            name: name,
            summary: summary,
            write: { text, configuration in
                guard let value = Word(rawValue: text) else { return false }
                configuration[keyPath: place] = value
                return true
            },
            read: { .string($0[keyPath: place].rawValue) },
            expected: listed(Word.allCases.map(\.rawValue), "or")
        )
    }
}
