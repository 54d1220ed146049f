import FoundationEssentials
import Glibc
public import Logging
import TensorFormats

/// Writes each event as one line: text for people, or a JSON object for programs.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let sink: LogSink
    private let writesJSON: Bool

    /// Text or JSON as asked, or by whether a terminal reads it.
    public init(_ sink: LogSink, level: LogLevel, format: LogFormat) {
        self.sink = sink
        logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
        switch format {
        case .auto: writesJSON = !sink.isTerminal
        case .text: writesJSON = false
        case .json: writesJSON = true
        }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { $1 } }
        let sorted = fields.sorted { $0.key < $1.key }
        let time = Self.timestamp(Date().timeIntervalSince1970)
        let message = event.message.description
        sink.write(
            writesJSON
                ? Self.json(time, event.level, message, fields: sorted)
                : Self.text(time, event.level, message, fields: sorted)
        )
    }

    private static func json(
        _ time: String,
        _ level: Logger.Level,
        _ message: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("time")
        writer.string(time)
        writer.key("level")
        writer.string(level.rawValue)
        writer.key("message")
        writer.string(message)
        for (key, value) in fields {
            writer.key(key)
            if case .stringConvertible(let number as Int) = value {
                writer.number(number)
            } else {
                writer.string(value.description)
            }
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func text(
        _ time: String,
        _ level: Logger.Level,
        _ message: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        var line = "\(time.dropFirst(11)) \(level.rawValue) \(printable(message))"
        for (key, value) in fields { line += " \(key)=\(printable(value.description))" }
        return Array((line + "\n").utf8)
    }

    /// Control characters as escapes, so that a client's text cannot forge lines or drive a terminal.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        return text.unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control
                ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
    }

    /// RFC 3339 in UTC with milliseconds; days to dates as in Howard Hinnant's civil_from_days.
    static func timestamp(_ seconds: Double) -> String {
        let milliseconds = Int(seconds * 1000)
        let (day, time) = (milliseconds / 86_400_000, milliseconds % 86_400_000)
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(year)-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60]
        let text = clock.map { padded($0, 2) }.joined(separator: ":")
        return "\(date)T\(text).\(padded(time % 1000, 3))Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
