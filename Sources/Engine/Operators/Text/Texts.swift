import Graph

extension Families {
    static let texts: [String: DeclaredOperator] = [
        "StringConcat": .init(JoinedTexts.self, takes: 2...2, gives: 1...1),
        "StringSplit": .init(SplitTexts.self, takes: 1...1, gives: 1...2),
        "StringNormalizer": .init(NormalisedTexts.self, takes: 1...1, gives: 1...1),
    ]
}

extension Operands {
    fileprivate func texts(_ index: Int) throws(ModelError) -> [[UInt8]] {
        let tensor = try self(index)
        guard case .strings(let texts) = tensor.elements else { throw unfit(tensor.type) }
        return texts
    }

    /// Makes room for texts of so many bytes together.
    fileprivate func require(texts count: Int, bytes: Int) throws(ModelError) {
        try context.memory.require(bytes: bytes + 64 * count)
    }
}

/// Each text of one tensor and the other's after it.
struct JoinedTexts: Operator {
    static var bytesPerInput: Int { 0 }

    init(_ attributes: inout AttributeReader) throws(ModelError) {}

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (first, second) = (try operands(0), try operands(1))
        let (a, b) = (try operands.texts(0), try operands.texts(1))
        let shape = try operands.broadcast([first.shape, second.shape])
        let starts = broadcastOffsets(first.shape.dimensions, to: shape)
        let ends = broadcastOffsets(second.shape.dimensions, to: shape)
        let count = try operands.count(shape)
        var bytes = 0
        for place in 0..<count {
            bytes += a[starts?[place] ?? place].count
            bytes += b[ends?[place] ?? place].count
        }
        try operands.require(texts: count, bytes: bytes)
        let texts = (0..<count).map { place -> [UInt8] in
            let (first, second) = (a[starts?[place] ?? place], b[ends?[place] ?? place])
            return first + second
        }
        return [Tensor(shape: Shape(shape), elements: .strings(texts))]
    }
}

/// Texts cut at a delimiter or at spaces, filled up with empty ones, and how many parts each has.
struct SplitTexts: Operator {
    static var bytesPerInput: Int { 0 }
    private let delimiter: [UInt8]
    private let most: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        delimiter = Array(try attributes.string("delimiter", default: "").utf8)
        most = try attributes.optionalInt("maxsplit", in: 0...1 << 31)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let input = try operands(0)
        let texts = try operands.texts(0)
        try operands.require(texts: 0, bytes: texts.reduce(0) { $0 + 64 * $1.count })
        var parts: [[[UInt8]]] = []
        for (index, text) in texts.enumerated() {
            try operands.poll(at: index)
            parts.append(delimiter.isEmpty ? words(text) : pieces(text))
        }
        let width = parts.map(\.count).max() ?? 0
        let shape = input.shape.dimensions + [width]
        let count = try operands.count(shape)
        try operands.require(texts: count, bytes: texts.reduce(0) { $0 + $1.count })
        let filled = parts.flatMap { $0 + Array(repeating: [], count: width - $0.count) }
        return [
            Tensor(shape: Shape(shape), elements: .strings(filled)),
            Tensor(shape: input.shape, integers: parts.map(\.count)),
        ]
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    /// Cut at spaces; after the last cut the rest stays as it is.
    private func words(_ text: [UInt8]) -> [[UInt8]] {
        var (result, rest) = ([[UInt8]](), text[...])
        while true {
            rest = rest.drop(while: Self.isSpace)
            guard !rest.isEmpty else { return result }
            guard result.count < most ?? .max else { return result + [Array(rest)] }
            let word = rest.prefix { !Self.isSpace($0) }
            result.append(Array(word))
            rest = rest[word.endIndex...]
        }
    }

    private func pieces(_ text: [UInt8]) -> [[UInt8]] {
        var (result, start, place) = ([[UInt8]](), 0, 0)
        while place + delimiter.count <= text.count, result.count < most ?? .max {
            if text[place..<place + delimiter.count] == delimiter[...] {
                result.append(Array(text[start..<place]))
                place += delimiter.count
                start = place
            } else {
                place += 1
            }
        }
        return result + [Array(text[start...])]
    }
}

/// A list of texts without stop words, in small or capital letters.
struct NormalisedTexts: Operator {
    static var bytesPerInput: Int { 0 }
    private let change: String
    private let isCaseSensitive: Bool
    private let stopWords: Set<String>

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        change = try attributes.string("case_change_action", default: "NONE")
        guard ["NONE", "LOWER", "UPPER"].contains(change) else {
            throw attributes.mismatch("case_change_action", "ONNX's words", .string(change))
        }
        isCaseSensitive = try attributes.flag("is_case_sensitive", default: false)
        // Letters change by Unicode's rules that hold for all languages.
        _ = try attributes.string("locale", default: "")
        let words = try attributes.strings("stopwords") ?? []
        stopWords = Set(isCaseSensitive ? words : words.map { $0.lowercased() })
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let shape = try operands(0).shape.dimensions
        guard shape.count == 1 || shape.count == 2 && shape[0] == 1 else {
            throw operands.fail("\(Shape(shape)) is no list of texts")
        }
        let texts = try operands.texts(0)
        try operands.require(texts: 3 * texts.count, bytes: texts.reduce(0) { $0 + 9 * $1.count })
        var kept: [[UInt8]] = []
        for (index, bytes) in texts.enumerated() {
            try operands.poll(at: index)
            let text = String(decoding: bytes, as: UTF8.self)
            if stopWords.contains(isCaseSensitive ? text : text.lowercased()) { continue }
            switch change {
            case "LOWER": kept.append(Array(text.lowercased().utf8))
            case "UPPER": kept.append(Array(text.uppercased().utf8))
            default: kept.append(bytes)
            }
        }
        if kept.isEmpty { kept = [[]] }
        return [
            Tensor(shape: Shape(shape.dropLast() + [kept.count]), elements: .strings(kept))
        ]
    }
}
