import Dispatch
import Synchronization
import TensorFormats

/// Sends spans to a collector as OTLP/HTTP JSON, in batches from its own queue.
///
/// A request only appends to a bounded buffer: when the collector is slow or gone, spans are dropped and counted.
public final class TraceExporter: Sendable {
    static let capacity = 4096
    private static let batch = 512
    private static let interval = DispatchTimeInterval.seconds(2)

    private struct State {
        var spans: [TraceSpan] = []
        var dropped = 0
        var sent = 0
        var isScheduled = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "striate.traces")
    private let version: String
    private let post: @Sendable ([UInt8]) -> Bool

    /// `post` sends a document and says whether it was taken; `version` is that of the server.
    public init(version: String, post: @escaping @Sendable ([UInt8]) -> Bool) {
        self.version = version
        self.post = post
    }

    /// Spans sent, and spans that were not.
    public var counts: (sent: Int, dropped: Int) { state.withLock { ($0.sent, $0.dropped) } }

    func add(_ span: TraceSpan) {
        let delay = state.withLock { state -> DispatchTimeInterval? in
            guard state.spans.count < Self.capacity else {
                state.dropped += 1
                return nil
            }
            state.spans.append(span)
            if state.isScheduled { return nil }
            state.isScheduled = true
            return Self.interval
        }
        if let delay { queue.asyncAfter(deadline: .now() + delay) { self.drain() } }
    }

    /// Sends what there is.
    public func flush() {
        queue.sync { drain() }
    }

    private func drain() {
        while true {
            let batch = state.withLock { state -> [TraceSpan] in
                let batch = Array(state.spans.prefix(Self.batch))
                state.spans.removeFirst(batch.count)
                if batch.isEmpty { state.isScheduled = false }
                return batch
            }
            if batch.isEmpty { return }
            let document = Self.document(batch, version: version)
            // A collector that was restarted takes it the second time.
            let isTaken = post(document) || post(document)
            state.withLock { state in
                if isTaken { state.sent += batch.count } else { state.dropped += batch.count }
            }
        }
    }

    static func document(_ spans: [TraceSpan], version: String) -> [UInt8] {
        let resource: JSON = [
            "attributes": [
                TraceSpan.attribute("service.name", ["stringValue": "striate"]),
                TraceSpan.attribute("service.version", ["stringValue": .string(version)]),
            ]
        ]
        let scope: JSON = ["name": "striate", "version": .string(version)]
        let scoped: JSON = ["scope": scope, "spans": .array(spans.flatMap(\.documents))]
        let document: JSON = [
            "resourceSpans": [["resource": resource, "scopeSpans": [scoped]]]
        ]
        return document.text
    }
}
