import Texts

/// The forms a result is sent in.
enum AnswerForm: String, Sendable, CaseIterable {
    case json = "application/json"
    case npy = "application/x-npy"
    case png = "image/png"
    case svg = "image/svg+xml"
    case csv = "text/csv"
    case eventStream = "text/event-stream; charset=utf-8"
    case html = "text/html; charset=utf-8"
    case css = "text/css; charset=utf-8"
    case javascript = "text/javascript; charset=utf-8"
    case prometheus = "text/plain; version=0.0.4; charset=utf-8"

    var contentType: String {
        self == .csv ? "text/csv; charset=utf-8; header=present" : rawValue
    }

    /// Type and subtype without parameters.
    private var mediaType: Substring {
        rawValue.prefix { $0 != ";" }
    }
}

extension AnswerForm {
    /// The offer the client likes best (RFC 9110 section 12.5.1); of equals, the first.
    static func choose(
        accept: String?,
        from offers: [AnswerForm]
    ) throws(ServiceError) -> AnswerForm {
        guard let accept else { return offers.first ?? .json }
        let ranges = try MediaRange.list(accept)
        guard !ranges.isEmpty else { return offers.first ?? .json }
        var best: (form: AnswerForm, quality: Double)?
        for form in offers {
            let quality = form.quality(in: ranges)
            if quality > best?.quality ?? 0 { best = (form, quality) }
        }
        guard let best else {
            throw .notAcceptable(accept: accept, available: offers.map { String($0.mediaType) })
        }
        return best.form
    }

    /// The quality of the most specific range that matches; 0 when none does.
    private func quality(in ranges: [MediaRange]) -> Double {
        let parts = mediaType.split(separator: "/")
        guard parts.count == 2 else { return 0 }
        var chosen: (specificity: Int, quality: Double)?
        for range in ranges {
            let specificity: Int
            if range.type == parts[0] && range.subtype == parts[1] {
                specificity = 2
            } else if range.type == parts[0] && range.subtype == "*" {
                specificity = 1
            } else if range.type == "*" {
                specificity = 0
            } else {
                continue
            }
            if specificity > chosen?.specificity ?? -1 { chosen = (specificity, range.quality) }
        }
        return chosen?.quality ?? 0
    }
}

/// One entry of an Accept field.
private struct MediaRange {
    let type: String
    let subtype: String
    let quality: Double

    static func list(_ text: String) throws(ServiceError) -> [MediaRange] {
        var ranges: [MediaRange] = []
        for entry in text.split(separator: ",") {
            guard let range = MediaRange(entry) else {
                let expected = "a list of media types such as application/json, image/png;q=0.5"
                throw .invalidHeader(name: "Accept", expected: expected, got: text)
            }
            ranges.append(range)
        }
        return ranges
    }

    private init?(_ entry: Substring) {
        let parts = entry.split(separator: ";").map { trimmed($0).lowercased() }
        guard let mediaType = parts.first else { return nil }
        let names = mediaType.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty else { return nil }
        guard names[0] != "*" || names[1] == "*" else { return nil }
        type = String(names[0])
        subtype = String(names[1])
        guard let weight = parts.dropFirst().last(where: { $0.hasPrefix("q=") }) else {
            quality = 1
            return
        }
        guard let value = Double(weight.dropFirst(2)), (0...1).contains(value) else { return nil }
        quality = value
    }
}
