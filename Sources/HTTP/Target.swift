/// A request target in origin form, taken apart.
struct Target: Equatable {
    var path: [String] = []
    var query: [QueryItem] = []

    /// Splits `text`, "/path?query", before decoding, so that an escaped separator separates
    /// nothing.
    init(_ text: Substring) throws(HTTPError) {
        let halves = text.split(
            separator: "?",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let first = halves.first, first.utf8.first == UInt8(ascii: "/") else {
            throw .malformedTarget
        }
        if first.utf8.count > 1 {
            for segment in first.dropFirst().split(
                separator: "/",
                omittingEmptySubsequences: false
            ) {
                path.append(try decodePercent(segment.utf8))
            }
        }
        if halves.count == 2 { query = try Self.items(of: halves[1]) }
    }

    private static func items(of query: Substring) throws(HTTPError) -> [QueryItem] {
        var items: [QueryItem] = []
        for item in query.split(separator: "&") {
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count == 2 ? sides[1] : ""
            items.append(
                QueryItem(
                    name: try decodePercent(sides[0].utf8, plusIsSpace: true),
                    value: try decodePercent(value.utf8, plusIsSpace: true)
                )
            )
        }
        return items
    }
}

/// Replaces every %XX by its byte; throws if an escape or the resulting UTF-8 is malformed.
func decodePercent(
    _ text: Substring.UTF8View,
    plusIsSpace: Bool = false
) throws(HTTPError) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
        let byte = text[index]
        text.formIndex(after: &index)
        switch byte {
        case UInt8(ascii: "%"):
            let digits = text[index...].prefix(2)
            guard digits.count == 2, let high = digits.first?.hexadecimalValue,
                let low = digits.last?.hexadecimalValue
            else { throw .malformedTarget }
            bytes.append(high << 4 | low)
            text.formIndex(&index, offsetBy: 2)
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
        default: bytes.append(byte)
        }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .malformedTarget }
    return decoded
}
