/// A request target in origin form, "/path?query", taken apart.
struct Target {
    var path: [String] = []
    var query: [QueryItem] = []

    /// Splits before decoding, so that an escaped separator separates nothing.
    init(_ bytes: Span<UInt8>) throws(HTTPError) {
        guard bytes.count > 0, bytes[0] == UInt8(ascii: "/") else { throw .malformedTarget }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"), from: 0) ?? bytes.count
        var start = 1
        while mark > 1, start <= mark {
            let end = bytes.end(of: start..<mark, before: UInt8(ascii: "/"))
            path.append(try decodePercent(bytes.extracting(start..<end)))
            start = end + 1
        }
        if mark < bytes.count {
            query = try Self.items(of: bytes.extracting(mark + 1..<bytes.count))
        }
    }

    private static func items(of query: Span<UInt8>) throws(HTTPError) -> [QueryItem] {
        var items: [QueryItem] = []
        var start = 0
        while start < query.count {
            let end = query.end(of: start..<query.count, before: UInt8(ascii: "&"))
            if end > start {
                let middle = query.end(of: start..<end, before: UInt8(ascii: "="))
                let value = query.extracting(min(middle + 1, end)..<end)
                let name = query.extracting(start..<middle)
                items.append(
                    QueryItem(
                        name: try decodePercent(name, plusIsSpace: true),
                        value: try decodePercent(value, plusIsSpace: true)
                    )
                )
            }
            start = end + 1
        }
        return items
    }
}

extension Span<UInt8> {
    /// The index of the first `separator` in `range`, or the range's end.
    fileprivate func end(of range: Range<Int>, before separator: UInt8) -> Int {
        range.first { self[$0] == separator } ?? range.upperBound
    }
}

/// Replaces every %XX by its byte; throws if an escape or the resulting UTF-8 is malformed.
private func decodePercent(
    _ text: Span<UInt8>,
    plusIsSpace: Bool = false
) throws(HTTPError) -> String {
    let isPlain = text.indices.allSatisfy {
        text[$0] != UInt8(ascii: "%") && (text[$0] != UInt8(ascii: "+") || !plusIsSpace)
    }
    if isPlain { return text.text }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
        switch text[index] {
        case UInt8(ascii: "%"):
            guard index + 2 < text.count, let high = text[index + 1].hexadecimalValue,
                let low = text[index + 2].hexadecimalValue
            else { throw .malformedTarget }
            bytes.append(high << 4 | low)
            index += 2
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
        case let byte: bytes.append(byte)
        }
        index += 1
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .malformedTarget }
    return decoded
}
