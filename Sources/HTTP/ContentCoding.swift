/// How a body is compressed (RFC 9110 §8.4.1).
public enum ContentCoding: String, Sendable, CaseIterable {
    case identity
    case gzip
    /// The zlib format, RFC 1950, as the name means in HTTP.
    case deflate

    /// What a request's Accept-Encoding says when a coding was refused.
    static let acceptedNames = "gzip, deflate"

    /// The one coding a field's value names; nil for others and for several.
    init?(_ value: Span<UInt8>) {
        if value.equals(caseInsensitive: "identity") {
            self = .identity
        } else if value.equals(caseInsensitive: "gzip") || value.equals(caseInsensitive: "x-gzip") {
            self = .gzip
        } else if value.equals(caseInsensitive: "deflate") {
            self = .deflate
        } else {
            return nil
        }
    }
}

extension ContentCoding {
    /// The coding that an Accept-Encoding field likes best; of equals gzip, then deflate.
    ///
    /// A field that is missing or malformed asks for none (RFC 9110 §12.5.3). Where every coding is refused,
    /// identity too, an answer without one serves the client better than none.
    public static func preferred(by acceptEncoding: String?) -> ContentCoding {
        guard let acceptEncoding else { return .identity }
        var qualities: [ContentCoding: Double] = [:]
        var others: Double?
        for entry in acceptEncoding.split(separator: ",") {
            guard let (name, quality) = weighted(entry) else { return .identity }
            if name == "*" {
                others = quality
            } else if let coding = ContentCoding(name.utf8.span) {
                qualities[coding] = quality
            }
        }
        var best = (coding: ContentCoding.identity, quality: 0.0)
        for coding in [ContentCoding.gzip, .deflate, .identity] {
            // Identity is welcome unless the client says otherwise, but never before what it names.
            let unnamed = coding == .identity ? others ?? 0.001 : others ?? 0
            let quality = qualities[coding] ?? unnamed
            if quality > best.quality { best = (coding, quality) }
        }
        return best.coding
    }

    private static func weighted(_ entry: Substring) -> (name: String, quality: Double)? {
        let parts = entry.split(separator: ";", omittingEmptySubsequences: false).map {
            $0.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        guard parts.count == 2 else { return (name, 1) }
        guard parts[1].hasPrefix("q="), let quality = Double(parts[1].dropFirst(2)),
            (0...1).contains(quality)
        else { return nil }
        return (name, quality)
    }
}
