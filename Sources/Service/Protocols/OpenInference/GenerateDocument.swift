import Graph
import Models
import TensorFormats

/// The body of a generate request; parameters may stand in "parameters" or beside the text.
struct GenerateDocument {
    private(set) var id: String?
    private(set) var text: String?
    private(set) var options = SequenceOptions()
    private(set) var stops: [String] = []
    private(set) var wantsDetails = false

    init(_ call: Call) throws(ServiceError) {
        try call.document { (key, reader) throws(JSONError) in
            switch key {
            case "id": id = try reader.identifier()
            case "text_input": text = try reader.string()
            case "parameters":
                try reader.object { (key, reader) throws(JSONError) in
                    if try !reader.null() { try read(key, &reader) }
                }
            default: try read(key, &reader)
            }
        }
    }

    private mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
        switch key {
        case "max_tokens": options.length = try reader.integer()
        case "temperature": options.temperature = try reader.double()
        case "top_k": options.topK = try reader.integer()
        case "seed": options.seed = try reader.integer()
        case "details": wantsDetails = try reader.boolean()
        case "stop":
            stops = []
            if try reader.peek() == .string {
                stops = [try reader.string()]
            } else {
                try reader.array { (_, reader) throws(JSONError) in
                    guard stops.count < 64 else {
                        throw reader.invalid("\"stop\" may hold 64 texts.")
                    }
                    stops.append(try reader.string())
                }
            }
        case "top_p":
            guard try reader.double() == 1 else {
                throw reader.invalid("\"top_p\" is not offered here; use \"top_k\".")
            }
        default: break
        }
    }

    func prompt(_ vocabulary: Vocabulary, limit: Int) throws(ServiceError) -> [Int32] {
        guard let text else {
            throw .missingField("text_input", expected: "the text to continue")
        }
        let count = text.unicodeScalars.count
        guard count > 0 else { throw .emptySequence(field: "text_input", atLeast: 1) }
        guard count <= limit else { throw .sequenceTooLong(limit: limit, got: count) }
        do throws(VocabularyError) { return try vocabulary.encode(text) } catch {
            throw .vocabulary(error)
        }
    }
}
