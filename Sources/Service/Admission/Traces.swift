import HTTP
import Telemetry

extension TraceContext {
    /// The context a request came with; nil if there is none, or none that is valid.
    init?(_ head: RequestHead) {
        guard let parent = head.header("traceparent") else { return nil }
        self.init(parent: parent, states: head.headers.values(of: "tracestate"))
    }
}

extension Tracer {
    /// nil when no collector is configured.
    convenience init?(_ configuration: Configuration) {
        guard let collector = Collector(configuration.otlpEndpoint) else { return nil }
        let exporter = TraceExporter(version: striateVersion) { collector.post($0) }
        self.init(exporter: exporter, percent: configuration.tracePercent)
    }
}
