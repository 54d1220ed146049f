import HTTP
import Inference
import TensorFormats

/// The keys a sequence route's body may have besides the sequence itself.
struct SequenceOptions: Sendable {
    var length: Int?
    var temperature: Double?
    var topK: Int?
    var seed: Int?

    static let names = ["length", "temperature", "top_k", "seed"]
}

/// A sequence of symbols as the client sent it.
struct SentSequence: Sendable {
    let tokens: [Int32]
    /// The key it came under, for error messages.
    let field: String
    let options: SequenceOptions
}

/// Reads the sequence of a request's body.
struct SequenceReader {
    static let expected = "{\"text\": \"…\"}, {\"tokens\": [0, 1, …]} or text as text/plain"

    let vocabulary: Vocabulary
    let limit: Int
    let allowsOptions: Bool

    func sequence(of request: Request) throws(ServiceError) -> SentSequence {
        try request.checkBody(expecting: Self.expected)
        switch BodyKind(request) {
        case .text:
            let bytes = request.body.copy(0..<request.body.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .invalidText(field: "the body")
            }
            return try encode(text, "the body", SequenceOptions())
        case .json, .unknown: return try json(request.body)
        case .picture, .npy, .form:
            let type = request.header("Content-Type") ?? "unknown"
            throw .unsupportedMedia(got: type, expected: Self.expected)
        }
    }

    private func json(_ body: Bytes) throws(ServiceError) -> SentSequence {
        let document = try body.readJSON { (reader) throws(ServiceError) in
            do throws(JSONError) {
                return try SequenceDocument(&reader, limit: limit, allowsOptions: allowsOptions)
            } catch .tooManyValues(_, let position) {
                throw .sequenceTooLong(limit: limit, got: position.offset / 2)
            } catch {
                throw .json(error)
            }
        }
        switch (document.text, document.tokens) {
        case (let text?, nil): return try encode(text, "text", document.options)
        case (nil, let tokens?): return try check(tokens, document.options)
        case (nil, nil):
            throw .missingField("text", expected: "one of the keys \"text\" and \"tokens\"")
        case (.some, .some):
            throw .invalidValue(
                field: "text",
                expected: "given without \"tokens\"",
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

    private func check(
        _ tokens: [Int],
        _ options: SequenceOptions
    ) throws(ServiceError) -> SentSequence {
        let count = vocabulary.symbols.count
        if let position = tokens.firstIndex(where: { !(0..<count).contains($0) }) {
            throw .invalidValue(
                field: "tokens",
                expected: "indices from 0 to \(count - 1)",
                got: "\(tokens[position]) at position \(position)"
            )
        }
        return SentSequence(tokens: tokens.map { Int32($0) }, field: "tokens", options: options)
    }
}

/// The JSON form of a sequence.
private struct SequenceDocument {
    var text: String?
    var tokens: [Int]?
    var options = SequenceOptions()

    init(_ reader: inout JSONReader, limit: Int, allowsOptions: Bool) throws(JSONError) {
        var document = (text: String?.none, tokens: [Int]?.none, options: SequenceOptions())
        try reader.object { (key, reader) throws(JSONError) in
            switch key {
            case "text": document.text = try reader.string()
            case "tokens": document.tokens = try reader.integers(limit: limit)
            case "length" where allowsOptions: document.options.length = try reader.integer()
            case "temperature" where allowsOptions:
                document.options.temperature = try reader.double()
            case "top_k" where allowsOptions: document.options.topK = try reader.integer()
            case "seed" where allowsOptions: document.options.seed = try reader.integer()
            default:
                let options = allowsOptions ? SequenceOptions.names : []
                throw reader.unknownKey(key, known: ["text", "tokens"] + options)
            }
        }
        text = document.text
        tokens = document.tokens
        options = document.options
    }
}
