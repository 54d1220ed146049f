/// Comma-separated values (RFC 4180), for answers that are tables.
public enum CSV {
    /// A header line and one line for each row.
    public static func encode(header: [String], rows: [[String]]) -> [UInt8] { [] }
}
