import Glibc
import Logging
import Service
import Telemetry

/// Where a server's lines go: events by the logging library, requests by a log of their own.
struct ServerLog {
    let sink = LogSink(descriptor: STDERR_FILENO)
    let logger: Logger
    /// nil if requests are not logged.
    let access: AccessLog?

    init(_ configuration: Configuration) {
        let handler = LineLogHandler(
            sink,
            level: configuration.logLevel,
            format: configuration.logFormat
        )
        logger = Logger(label: "striate", factory: { _ in handler })
        access = logger.logLevel <= .info ? AccessLog(sink, format: configuration.logFormat) : nil
    }
}
