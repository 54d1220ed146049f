import Foundation
import HTTP

/// Decides which requests are traced, and makes their spans.
final class Tracer: Sendable {
    private let identifiers = TraceIdentifiers()
    let exporter: TraceExporter
    /// Of requests without a context of their own, how many of a hundred are traced.
    private let percent: Int

    init(exporter: TraceExporter, percent: Int) {
        self.exporter = exporter
        self.percent = percent
    }

    /// nil when no collector is configured.
    init?(_ configuration: Configuration) {
        guard let collector = Collector(configuration.otlpEndpoint) else { return nil }
        exporter = TraceExporter { collector.post($0) }
        percent = configuration.tracePercent
    }

    /// Traces an answered request if its client, or else chance, says so; returns the identifiers used.
    func trace(
        _ record: AccessRecord,
        _ head: RequestHead,
        route: String?,
        context: TraceContext?
    ) -> TraceSpan? {
        let isWanted = context?.isSampled ?? (identifiers.next() % 100 < UInt64(percent))
        guard isWanted else { return nil }
        let note = record.note as? AnswerNote
        let end = UInt64(max(0, Date().timeIntervalSince1970) * 1e9)
        let duration = UInt64(max(0, record.duration.seconds) * 1e9)
        let span = TraceSpan(
            traceID: context?.traceID ?? (identifiers.next(), identifiers.next()),
            spanID: identifiers.next(),
            parentID: context?.parentID,
            state: context?.state,
            start: end - min(end, duration),
            end: end,
            method: record.method,
            route: route,
            path: String(record.target.prefix { $0 != "?" }),
            status: record.status.code,
            errorCode: note?.code,
            client: record.peer?.description,
            userAgent: head.header("User-Agent"),
            phases: (note?.stopwatch?.phases ?? []).map { name, duration in
                (name, UInt64(max(0, duration.seconds) * 1e9), identifiers.next())
            }
        )
        exporter.add(span)
        return span
    }
}
