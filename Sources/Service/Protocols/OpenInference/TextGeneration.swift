import Inference
import TensorFormats

/// `POST /v2/models/{m}/generate`: a text continued, for models that predict symbols.
enum TextGeneration {
    static let routes = Route.versions(of: "/v2/models/{model}", "/generate").map { template in
        Route(
            method: .post,
            template: template,
            summary: "Open Inference Protocol: a text continued symbol by symbol.",
            body: .sequence,
            placement: .queue,
            forms: [],
            conventions: .openInference,
            answer: answer
        )
    }

    private static let expected = #"{"text_input": "…", "parameters": {"max_tokens": 20}}"#

    @Sendable private static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        try call.request.checkBody(expecting: expected)
        let asked = try GenerateDocument(call)
        let prompt = try asked.prompt(
            symbols.vocabulary,
            limit: call.service.configuration.sequenceLimit
        )
        let settings = try Generate.Settings(
            asked.options,
            symbols: symbols.vocabulary.symbols.count,
            defaultLength: 20
        )
        call.stopwatch.enter(.compute)
        let drawn = try Generate.draw(settings, after: prompt, symbols, call)
        call.stopwatch.enter(.encode)
        let text = symbols.vocabulary.decode(drawn)
        let (shown, isStopped) = asked.cut(text)
        var members: [(String, JSON)] = [
            ("model_name", .string(symbols.model.name)),
            ("model_version", .string(symbols.model.version)), ("text_output", .string(shown)),
        ]
        if let id = asked.id { members.insert(("id", .string(id)), at: 0) }
        if asked.wantsDetails {
            let reason = isStopped ? "stop_sequence" : "length"
            members.append(("details", ["finish_reason": .string(reason)]))
        }
        return Answer(.object(members))
    }
}

/// The body of a generate request; parameters may stand in "parameters" or beside the text.
private struct GenerateDocument {
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

    /// The text up to the first of the texts to stop at.
    func cut(_ text: String) -> (text: String, isStopped: Bool) {
        let ends = stops.filter { !$0.isEmpty }.compactMap { text.firstRange(of: $0)?.lowerBound }
        guard let end = ends.min() else { return (text, false) }
        return (String(text[..<end]), true)
    }
}
