import TensorFormats
import Texts

/// One answered request as OpenTelemetry's conventions for HTTP servers describe it.
public struct TraceSpan: Sendable {
    let traceID: (high: UInt64, low: UInt64)
    let spanID: UInt64
    let parentID: UInt64?
    let state: String?
    /// Nanoseconds since the epoch.
    let start: UInt64
    let end: UInt64
    let method: String
    let route: String?
    let path: String
    let status: Int
    let errorCode: String?
    let client: String?
    let userAgent: String?
    /// Where the time went, in the order it went there, with an identifier for each.
    let phases: [(name: String, nanoseconds: UInt64, spanID: UInt64)]
}

extension TraceSpan {
    /// The span as OTLP's JSON, with a child for each phase.
    var documents: [JSON] {
        var begin = start
        let children = phases.map { phase -> JSON in
            defer { begin += phase.nanoseconds }
            return document(
                phase.name,
                id: phase.spanID,
                parent: spanID,
                kind: 1,
                from: begin,
                to: min(end, begin + phase.nanoseconds),
                []
            )
        }
        let name = route.map { "\(knownMethod) \($0)" } ?? knownMethod
        return [
            document(name, id: spanID, parent: parentID, kind: 2, from: start, to: end, attributes)
        ]
            + children
    }

    private func document(
        _ name: String,
        id: UInt64,
        parent: UInt64?,
        kind: Int,
        from start: UInt64,
        to end: UInt64,
        _ attributes: [JSON]
    ) -> JSON {
        var members: [(String, JSON)] = [
            ("traceId", .string(hexadecimal(traceID.high) + hexadecimal(traceID.low))),
            ("spanId", .string(hexadecimal(id))), ("name", .string(name)), ("kind", .integer(kind)),
            ("startTimeUnixNano", .string(String(start))),
            ("endTimeUnixNano", .string(String(end))),
        ]
        if let parent { members.append(("parentSpanId", .string(hexadecimal(parent)))) }
        if let state { members.append(("traceState", .string(state))) }
        if !attributes.isEmpty {
            members.append(("attributes", .array(attributes)))
            // Only the server's own failures are errors of a server span.
            if status >= 500 { members.append(("status", ["code": 2])) }
        }
        return .object(members)
    }

    private var knownMethod: String {
        ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"].contains(method)
            ? method : "_OTHER"
    }

    private var attributes: [JSON] {
        var texts: [(String, String?)] = [
            ("http.request.method", knownMethod), ("url.path", path), ("url.scheme", "http"),
            ("http.route", route), ("client.address", client),
            ("user_agent.original", userAgent), ("error.type", errorCode),
            ("network.protocol.version", "1.1"),
        ]
        if knownMethod == "_OTHER" { texts.append(("http.request.method_original", method)) }
        return [Self.attribute("http.response.status_code", ["intValue": .string(String(status))])]
            + texts.compactMap { key, value in
                value.map { Self.attribute(key, ["stringValue": .string(String($0.prefix(512)))]) }
            }
    }

    static func attribute(_ key: String, _ value: JSON) -> JSON {
        ["key": .string(key), "value": value]
    }
}
