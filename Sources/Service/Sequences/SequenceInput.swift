import Graph
import HTTP
import Models
import TensorFormats

/// The keys a sequence route's body may have besides the sequence itself.
struct SequenceOptions: Sendable {
    var length: Int?
    var temperature: Double?
    var topK: Int?
    var seed: Int?
    var carried = CarriedOptions()

    static let names = ["length", "temperature", "top_k", "seed"]
}

/// A sequence of symbols as the client sent it.
struct SentSequence: Sendable {
    let tokens: [Int32]
    /// The key it came under, for error messages.
    let field: String
    let options: SequenceOptions
    /// Whether there was none.
    var isAbsent = false
}

/// Reads the sequences of a request's body.
struct SequenceReader {
    /// The keys a body may have besides "text", "tokens" and those of a state.
    enum Keys: Sendable {
        case none
        /// How symbols are drawn.
        case options
        /// "texts": several sequences.
        case several
    }

    let vocabulary: Vocabulary
    let limit: Int
    let keys: Keys
    /// Whether there may be no sequence: what goes on from a state may need none.
    var allowsNothing = false

    private var expected: String {
        let several = keys == .several ? ", {\"texts\": [\"…\"]}" : ""
        return "{\"text\": \"…\"}, {\"tokens\": [0, 1, …]}\(several) or text as text/plain"
    }

    /// At least one sequence.
    func sequences(of request: Request) throws(ServiceError) -> [SentSequence] {
        try request.checkBody(expecting: expected)
        switch BodyKind(request) {
        case .text:
            guard let text = request.body.text else {
                throw .invalidText(field: "the body")
            }
            return [try encode(text, "the body", SequenceOptions())]
        case .json, .unknown: return try json(request.body)
        case .picture, .npy, .form:
            let type = request.header("Content-Type") ?? "unknown"
            throw .unsupportedMedia(got: type, expected: expected)
        }
    }

    private func json(_ body: Bytes) throws(ServiceError) -> [SentSequence] {
        let document = try body.readJSON { (reader) throws(ServiceError) in
            do throws(JSONError) {
                return try SequenceDocument(&reader, limit: limit, keys: keys)
            } catch .tooManyValues(_, let position) {
                throw .sequenceTooLong(limit: limit, got: position.offset / 2)
            } catch {
                throw .json(error)
            }
        }
        let options = document.options
        switch (document.text, document.tokens, document.texts) {
        case (let text?, nil, nil): return [try encode(text, "text", options)]
        case (nil, let tokens?, nil): return [try check(tokens, options)]
        case (nil, nil, let texts?): return try encode(texts)
        case (nil, nil, nil) where allowsNothing:
            return [
                SentSequence(tokens: [], field: "text", options: options, isAbsent: true)
            ]
        case (nil, nil, nil):
            let names = keys == .several ? "\"text\", \"texts\"" : "\"text\""
            throw .missingField("text", expected: "one of the keys \(names) and \"tokens\"")
        default:
            let isPair = document.text != nil && document.tokens != nil
            throw .invalidValue(
                field: isPair ? "text" : "texts",
                expected: isPair ? "given without \"tokens\"" : "given alone",
                got: "both keys"
            )
        }
    }

    private func encode(
        _ text: String,
        _ field: String,
        _ options: SequenceOptions
    ) throws(ServiceError) -> SentSequence {
        // A symbol has at least one byte: too much text is refused before it is looked at.
        let count = text.unicodeScalars.count
        guard count <= limit else { throw .sequenceTooLong(limit: limit, got: count) }
        do throws(VocabularyError) {
            let tokens = try vocabulary.encode(text)
            return SentSequence(tokens: tokens, field: field, options: options)
        } catch {
            throw .vocabulary(error)
        }
    }

    /// Several texts, together no longer than one may be.
    private func encode(_ texts: [String]) throws(ServiceError) -> [SentSequence] {
        let count = texts.reduce(0) { $0 + $1.unicodeScalars.count }
        guard count <= limit else { throw .sequenceTooLong(limit: limit, got: count) }
        guard !texts.isEmpty else {
            throw .invalidValue(field: "texts", expected: "at least one text", got: "[]")
        }
        var sequences: [SentSequence] = []
        for (index, text) in texts.enumerated() {
            sequences.append(try encode(text, "texts[\(index)]", SequenceOptions()))
        }
        return sequences
    }

    private func check(
        _ tokens: [Int],
        _ options: SequenceOptions
    ) throws(ServiceError) -> SentSequence {
        let count = vocabulary.symbols.count
        if let position = tokens.firstIndex(where: { !(0..<count).contains($0) }) {
            throw .invalidValue(
                field: "tokens",
                expected: "indices from 0 to \(count - 1)",
                got: "\(tokens[position]) at position \(position + 1)"
            )
        }
        return SentSequence(tokens: tokens.map { Int32($0) }, field: "tokens", options: options)
    }
}

/// The JSON form of a sequence.
private struct SequenceDocument {
    private(set) var text: String?
    private(set) var tokens: [Int]?
    private(set) var texts: [String]?
    private(set) var options = SequenceOptions()

    init(
        _ reader: inout JSONReader,
        limit: Int,
        keys: SequenceReader.Keys
    ) throws(JSONError) {
        var document = Self()
        try reader.object { (key, reader) throws(JSONError) in
            switch (key, keys) {
            case ("text", _): document.text = try reader.string()
            case ("tokens", _): document.tokens = try reader.integers(limit: limit)
            case ("texts", .several): document.texts = try Self.texts(&reader, limit: limit)
            case (let key, .none), (let key, .options):
                if try document.options.carried.read(key, &reader) { return }
                guard keys == .options else {
                    throw reader.unknownKey(key, known: Self.names(keys))
                }
                try document.readOption(key, &reader)
            default: throw reader.unknownKey(key, known: Self.names(keys))
            }
        }
        self = document
    }

    private init() {}

    private mutating func readOption(
        _ key: String,
        _ reader: inout JSONReader
    ) throws(JSONError) {
        switch key {
        case "length": options.length = try reader.integer()
        case "temperature": options.temperature = try reader.double()
        case "top_k": options.topK = try reader.integer()
        case "seed": options.seed = try reader.integer()
        default: throw reader.unknownKey(key, known: Self.names(.options))
        }
    }

    private static func names(_ keys: SequenceReader.Keys) -> [String] {
        switch keys {
        case .none: ["text", "tokens"] + CarriedOptions.names
        case .options: ["text", "tokens"] + SequenceOptions.names + CarriedOptions.names
        case .several: ["text", "tokens", "texts"]
        }
    }

    private static func texts(
        _ reader: inout JSONReader,
        limit: Int
    ) throws(JSONError) -> [String] {
        var texts: [String] = []
        try reader.array { (_, reader) throws(JSONError) in
            guard texts.count < limit else {
                throw reader.invalid("\"texts\" may hold \(limit) texts.")
            }
            texts.append(try reader.string())
        }
        return texts
    }
}

extension SequenceReader {
    /// The JSON form of a sequence, as a schema has it, with `more` keys.
    static func schema(_ title: String, _ more: [(String, JSON)] = []) -> JSON {
        Schema.object(
            title,
            [("text", Schema.string), ("tokens", Schema.integers)] + more
                + CarriedOptions.members,
            isClosed: true
        )
    }
}
