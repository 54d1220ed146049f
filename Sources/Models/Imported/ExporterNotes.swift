import Graph

/// What exporters of classifiers and detectors write into a file's metadata, as Ultralytics does: `names`, `task`, `imgsz`.
struct ExporterNotes {
    /// Of the classes, in their order; empty where there are none, or some are missing.
    let labels: [String]
    /// "detect", "classify" and others.
    let task: String?
    /// Height and width that the network was exported for.
    let size: (height: Int, width: Int)?

    init(_ metadata: [String: String]) {
        labels = Self.labels(metadata["names"] ?? metadata["classes"] ?? "")
        task = metadata["task"]
        let sides = Self.words(metadata["imgsz"] ?? "").compactMap { Int($0) }
        let isSize = sides.count == 2 && sides.allSatisfy { (1...1 << 14).contains($0) }
        size = isSize ? (sides[0], sides[1]) : nil
    }

    /// From `{0: 'person', 1: 'bicycle'}`, `["person", "bicycle"]` or `person, bicycle`.
    private static func labels(_ text: String) -> [String] {
        let words = words(text)
        guard text.drop(while: \.isWhitespace).first == "{" else { return words }
        guard words.count.isMultiple(of: 2) else { return [] }
        let pairs = stride(from: 0, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }
        let isInOrder = pairs.enumerated().allSatisfy { Int($1.0) == $0 }
        return isInOrder ? pairs.map(\.1) : []
    }

    /// What stands between brackets, commas and colons; quotes keep those in words.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var isEscaped = false
        for letter in text {
            if let open = quote {
                if isEscaped || letter != "\\" && letter != open { word.append(letter) }
                if !isEscaped, letter == open {
                    words.append(word)
                    (word, quote) = ("", nil)
                }
                isEscaped = !isEscaped && letter == "\\"
            } else if letter == "'" || letter == "\"" {
                quote = letter
                word = ""
            } else if "{}[](),:".contains(letter) {
                if let bare = trimmed(word) { words.append(bare) }
                word = ""
            } else {
                word.append(letter)
            }
        }
        if quote == nil, let bare = trimmed(word) { words.append(bare) }
        return words
    }

    private static func trimmed(_ word: String) -> String? {
        let bare = word.drop(while: \.isWhitespace)
        guard let last = bare.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(bare[...last])
    }
}
