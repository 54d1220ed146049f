/// Comma-separated values (RFC 4180), for answers that are tables.
public enum CSV {
    /// A header line and one line for each row.
    public static func encode(header: [String], rows: [[String]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in [header] + rows {
            bytes.append(contentsOf: row.map(quoted).joined(separator: ",").utf8)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        return bytes
    }

    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
        guard needsQuotes else { return field }
        let doubled = field.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        return "\"\(doubled)\""
    }
}
