import Testing

/// A message that corresponds to a case of a suite from outside, by the name it has there.
///
/// The bytes are written from the rule that the name stands for.
struct NamedCase: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    /// Of the answers, interim ones left out.
    let statuses: [Int]
    /// Whether the connection serves another request afterwards.
    let isKept: Bool
    /// Whether the client says that it will send no more.
    let endsSending: Bool

    /// A refusal closes the connection unless `isKept` says otherwise.
    init(
        _ name: String,
        _ text: String,
        _ statuses: Int...,
        isKept: Bool? = nil,
        endsSending: Bool = false
    ) {
        self.name = name
        // One character a byte, so that a row can hold bytes that are not UTF-8.
        bytes = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        self.statuses = statuses
        self.isKept = isKept ?? (statuses.last.map { $0 < 400 } == true && !endsSending)
        self.endsSending = endsSending
    }

    var isHead: Bool { bytes.starts(with: Array("HEAD ".utf8)) }

    var testDescription: String { name }
}

/// Rows that differ in their fields only: a GET with Host.
func getRows(_ status: Int, _ rows: [(name: String, fields: String)]) -> [NamedCase] {
    rows.map { NamedCase($0.name, Message.get($0.fields), status) }
}

/// Rows that differ in fields and body: a POST with Host.
func postRows(
    _ status: Int,
    _ rows: [(name: String, fields: String, body: String)]
) -> [NamedCase] {
    rows.map { NamedCase($0.name, Message.post($0.fields, $0.body), status) }
}

/// Rows that differ in the request line only; Host follows.
func lineRows(_ status: Int, _ rows: [(name: String, line: String)]) -> [NamedCase] {
    rows.map { NamedCase($0.name, "\($0.line)\r\nHost: a\r\n\r\n", status) }
}

/// Rows that differ in what follows the head of a chunked POST.
func chunkRows(_ status: Int, _ rows: [(name: String, body: String)]) -> [NamedCase] {
    rows.map { NamedCase($0.name, Message.post(Message.chunked, $0.body), status) }
}
