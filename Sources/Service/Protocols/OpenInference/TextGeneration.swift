import Models
import Telemetry
import TensorFormats

/// `POST /v2/models/{m}/generate` and `/generate_stream`: a text continued, for models that predict symbols.
enum TextGeneration {
    static let routes =
        routes("/generate", [], "a text continued symbol by symbol.")
        + routes("/generate_stream", [.eventStream], "an event for every symbol of a text.")

    private static func routes(
        _ operation: String,
        _ forms: [AnswerForm],
        _ summary: String
    ) -> [Route] {
        Route.versions(of: "/v2/models/{model}", operation).map { template in
            Route(
                method: .post,
                template: template,
                summary: "Open Inference Protocol: \(summary)",
                body: .sequence,
                placement: .queue,
                forms: forms,
                conventions: .openInference,
                joins: true,
                document: document,
                answer: answer
            )
        }
    }

    private static let document = RouteDocument(
        request: Schema.object(
            "GenerateRequest",
            [("text_input", Schema.string), ("parameters", Schema.object())],
            required: ["text_input"]
        ),
        requestExample: ["text_input": "In the ", "parameters": ["max_tokens": 20]],
        answer: Schema.object(
            "GenerateResponse",
            [
                ("text_output", Schema.string), ("model_name", Schema.string),
                ("model_version", Schema.string),
            ]
        ),
        answerExample: [
            "model_name": "scripture", "model_version": "2", "text_output": "land of ",
        ]
    )

    private static let expected = #"{"text_input": "…", "parameters": {"max_tokens": 20}}"#

    @Sendable private static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let symbols = try call.symbolModel()
        try call.request.checkBody(expecting: expected)
        let asked = try GenerateDocument(call)
        let prompt = try asked.prompt(
            symbols.vocabulary,
            limit: call.configuration.sequenceLimit
        )
        let settings = try GenerationSettings(
            asked.options,
            symbols: symbols.vocabulary.symbols.count,
            defaultLength: 20
        )
        call.stopwatch.enter(.compute)
        let start = try call.carriedState(of: symbols.model, asked.options.carried)
        let generation = Generation(settings, after: prompt, from: start, symbols)
        return Answer(
            ContinuationWork(
                Continuation(generation, asked),
                wantsEvents: call.form == .eventStream
            )
        )
    }
}
