import FoundationEssentials
import Glibc
import Synchronization
import TensorFormats
import Texts

/// One line for each answered request: a JSON object for programs, or text for people.
///
/// Written without the logging library's dictionaries, as it is on the path of every request.
public final class AccessLog: Sendable {
    private let sink: LogSink
    private let writesJSON: Bool
    /// Date and time up to the second, which many lines share.
    private let clock = Mutex((second: 0, text: ""))

    public init(_ sink: LogSink, format: LogFormat) {
        self.sink = sink
        switch format {
        case .auto: writesJSON = !sink.isTerminal
        case .text: writesJSON = false
        case .json: writesJSON = true
        }
    }

    /// Writes the line of a request; `span` is its span where it is traced.
    public func write(_ request: AnsweredRequest, span: TraceSpan?) {
        var line = Line(writesJSON, time: time())
        line.add("request_id", request.id)
        line.add("method", request.method)
        line.add("target", request.target)
        line.add("status", request.status)
        // What was refused, and why.
        line.add("reason", request.errorCode)
        line.add("bytes_in", request.bytesIn)
        line.add("bytes_out", request.bytesOut)
        line.add("microseconds", Int(request.duration.seconds * 1e6))
        line.add("client", request.client)
        line.add("key", request.keyName)
        if let trace = span?.traceID ?? request.context?.traceID {
            line.add("trace_id", hexadecimal(trace.high) + hexadecimal(trace.low))
        }
        line.add("parent_id", request.context.map { hexadecimal($0.parentID) })
        line.add("span_id", span.map { hexadecimal($0.spanID) })
        line.add("tracestate", request.context?.state)
        sink.write(line.finished)
    }

    private func time() -> String {
        let milliseconds = Int(Date().timeIntervalSince1970 * 1000)
        let second = milliseconds / 1000
        let text = clock.withLock { clock -> String in
            if clock.second != second {
                let whole = LineLogHandler.timestamp(Double(second))
                clock = (second, String(whole.prefix(20)))
            }
            return clock.text
        }
        let fraction = milliseconds % 1000
        return text + (fraction < 10 ? "00" : fraction < 100 ? "0" : "") + String(fraction) + "Z"
    }
}

/// A line being written.
private struct Line {
    private var writer = JSONWriter(reservingCapacity: 384)
    private var text: String
    private let writesJSON: Bool

    init(_ writesJSON: Bool, time: String) {
        self.writesJSON = writesJSON
        text = writesJSON ? "" : "\(time.dropFirst(11)) info request"
        guard writesJSON else { return }
        writer.beginObject()
        writer.key("time")
        writer.string(time)
        writer.key("level")
        writer.string("info")
        writer.key("message")
        writer.string("request")
    }

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        if writesJSON {
            writer.key(name)
            writer.string(value)
        } else {
            text += " \(name)=\(LineLogHandler.printable(value))"
        }
    }

    mutating func add(_ name: String, _ value: Int) {
        if writesJSON {
            writer.key(name)
            writer.number(value)
        } else {
            text += " \(name)=\(value)"
        }
    }

    var finished: [UInt8] {
        guard writesJSON else { return Array((text + "\n").utf8) }
        var writer = writer
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}
