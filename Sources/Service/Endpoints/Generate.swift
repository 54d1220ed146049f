import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/generate`: a prompt to symbols drawn one after the other.
enum Generate {
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
        joins: true,
        document: document,
        answer: answer
    )

    static let document = RouteDocument(
        request: SequenceReader.schema("GenerationRequest", GenerationSettings.members),
        requestExample: ["text": "In the ", "length": 40, "temperature": .number(0.5), "seed": 7],
        answer: Schema.answer(
            "GeneratedText",
            [
                ("text", Schema.string), ("tokens", Schema.integers), ("seed", Schema.integer),
                ("position", Schema.integer),
            ]
        ),
        answerExample: [
            "model": "scripture", "version": "2", "text": "land", "tokens": [38, 27, 40, 30],
            "seed": 7, "position": 11,
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        let (prompt, start) = try call.prompt(for: symbols)
        let settings = try GenerationSettings(
            prompt.options,
            symbols: symbols.vocabulary.symbols.count
        )
        call.stopwatch.enter(.compute)
        let generation = Generation(settings, after: prompt.tokens, from: start, symbols)
        return Answer(GenerationWork(generation, wantsEvents: call.form == .eventStream))
    }
}
