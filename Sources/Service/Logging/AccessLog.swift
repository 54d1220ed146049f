import HTTP
import Logging

extension Logger {
    /// One line for an answered request; for a refused one, why.
    func logAccess(
        _ record: AccessRecord,
        _ note: AnswerNote?,
        _ context: TraceContext?,
        _ span: TraceSpan?
    ) {
        guard logLevel <= .info else { return }
        var metadata: Logger.Metadata = [
            "request_id": "\(record.requestID)", "method": "\(record.method)",
            "target": "\(record.target)", "status": .stringConvertible(record.status.code),
            "bytes_in": .stringConvertible(record.bytesIn),
            "bytes_out": .stringConvertible(record.bytesOut),
            "microseconds": .stringConvertible(Int(record.duration / .microseconds(1))),
        ]
        if let peer = record.peer { metadata["client"] = "\(peer)" }
        if let key = note?.keyName { metadata["key"] = "\(key)" }
        if let reason = note?.code { metadata["reason"] = "\(reason)" }
        if let trace = span?.traceID ?? context?.traceID {
            metadata["trace_id"] = "\(hexadecimal(trace.high) + hexadecimal(trace.low))"
        }
        if let parent = context?.parentID { metadata["parent_id"] = "\(hexadecimal(parent))" }
        if let span { metadata["span_id"] = "\(hexadecimal(span.spanID))" }
        if let state = context?.state { metadata["tracestate"] = "\(state)" }
        info("request", metadata: metadata)
    }
}
