import FoundationEssentials

/// Decides which requests are traced, and makes their spans.
public final class Tracer: Sendable {
    private let identifiers = TraceIdentifiers()
    public let exporter: TraceExporter
    /// Of requests without a context of their own, how many of a hundred are traced.
    private let percent: Int

    public init(exporter: TraceExporter, percent: Int) {
        self.exporter = exporter
        self.percent = percent
    }

    /// Traces an answered request if its client, or else chance, says so; returns the identifiers used.
    public func trace(_ request: AnsweredRequest) -> TraceSpan? {
        let context = request.context
        let isWanted = context?.isSampled ?? (identifiers.next() % 100 < UInt64(percent))
        guard isWanted else { return nil }
        let end = UInt64(max(0, Date().timeIntervalSince1970) * 1e9)
        let duration = UInt64(max(0, request.duration.seconds) * 1e9)
        let span = TraceSpan(
            traceID: context?.traceID ?? (identifiers.next(), identifiers.next()),
            spanID: identifiers.next(),
            parentID: context?.parentID,
            state: context?.state,
            start: end - min(end, duration),
            end: end,
            method: request.method,
            route: request.route,
            path: String(request.target.prefix { $0 != "?" }),
            status: request.status,
            errorCode: request.errorCode,
            client: request.client,
            userAgent: request.userAgent,
            phases: (request.stopwatch?.phases ?? []).map { name, duration in
                (name, UInt64(max(0, duration.seconds) * 1e9), identifiers.next())
            }
        )
        exporter.add(span)
        return span
    }
}
