import Graph
import Models

/// `POST /models/{m}/generate`: a prompt to symbols drawn one after the other.
enum Generate {
    static let longest = 10_000

    static let route = Route(
        method: .post,
        template: "/models/{model}/generate",
        summary: """
            Symbols drawn one after the other; the same seed draws the same symbols. An event stream has an event \
            for each, and a last one, "end", with the whole answer.
            """,
        body: .sequence,
        placement: .queue,
        forms: [.json, .eventStream],
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let prompt = try call.sequence(for: symbols, allowsOptions: true)
        let settings = try Settings(prompt.options, symbols: symbols.vocabulary.symbols.count)
        call.stopwatch.enter(.compute)
        var generation = Generation(settings, after: prompt.tokens, symbols)
        if call.form == .eventStream { return Answer(GenerationEvents(generation)) }
        while try generation.next(call) != nil {}
        call.stopwatch.enter(.encode)
        return Answer(document(generation))
    }

    static func document(_ generation: Generation) -> JSON {
        let symbols = generation.symbols
        return [
            "model": .string(symbols.model.name), "version": .string(symbols.model.version),
            "text": .string(symbols.vocabulary.decode(generation.drawn)),
            "tokens": .integers(generation.drawn.map { Int($0) }),
            "seed": .integer(generation.settings.seed),
            "position": .integer(generation.position),
        ]
    }

    /// The options with their defaults, checked.
    struct Settings: Sendable {
        let length: Int
        let temperature: Double
        let topK: Int
        let seed: Int

        init(
            _ options: SequenceOptions,
            symbols: Int,
            defaultLength: Int = 100
        ) throws(ServiceError) {
            length = try Self.checked(
                options.length ?? defaultLength,
                "length",
                1...Generate.longest
            )
            topK = try Self.checked(options.topK ?? symbols, "top_k", 1...symbols)
            temperature = options.temperature ?? 1
            guard (0...100).contains(temperature) else {
                throw .invalidValue(
                    field: "temperature",
                    expected: "a number from 0 to 100",
                    got: String(temperature)
                )
            }
            // Below 2⁵³, so that every JSON reader gives it back unchanged.
            seed = options.seed ?? Int.random(in: 0..<(1 << 53))
        }

        private static func checked(
            _ value: Int,
            _ field: String,
            _ range: ClosedRange<Int>
        ) throws(ServiceError) -> Int {
            guard range.contains(value) else {
                throw .invalidValue(
                    field: field,
                    expected: "an integer from \(range.lowerBound) to \(range.upperBound)",
                    got: String(value)
                )
            }
            return value
        }
    }
}
