import Compute
import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/encode`: a sequence to the hidden state after it, or to all states.
///
/// A system that runs by itself is given a number of steps instead of symbols.
enum Encode {
    static let route = Route(
        method: .post,
        template: "/models/{model}/encode",
        summary: "The hidden state after a sequence, or after each of its steps.",
        body: .sequence,
        placement: .queue,
        query: [
            QueryKey(
                name: "layer",
                kind: .text,
                summary: "A layer's name; the last recurrent one unless given."
            ),
            QueryKey(
                name: "all",
                kind: .flag,
                summary: "true: the states after every step."
            ),
        ],
        forms: [.json, .npy, .csv, .png],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: SequenceReader.schema(
            "EncodingRequest",
            [("steps", Schema.integer), ("state", Schema.numbers)]
        ),
        requestExample: ["text": "In the beginning"],
        answer: Schema.answer(
            "EncodedState",
            [
                ("layer", Schema.string), ("shape", Schema.integers), ("state", Schema.numbers),
                ("states", Schema.nested), ("position", Schema.integer),
            ]
        ),
        answerExample: [
            "model": "orbit", "version": "1", "layer": "state", "shape": [2],
            "state": [.number(0.8), .number(-0.1)], "position": 40,
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model(thatCan: "take a sequence of symbols")
        let form = call.form
        // A picture shows how the states change.
        let wantsAll = try call.flag("all") || form == .png
        let layer = try layer(named: call.text("layer"), of: model)
        if wantsAll, layer.outputShape.rank < 3, !model.isImported {
            throw .invalidValue(
                field: "all",
                expected: "false for \(layer.name), which has one value for the whole sequence",
                got: "true"
            )
        }
        var run = try call.sequenceRun(of: model)
        if wantsAll {
            try call.checkAnswer(numbers: run.tokens.count * layer.outputShape.count)
        }
        call.stopwatch.enter(.compute)
        var values: [Float] = []
        let count = run.tokens.count
        try call.advance(model, run.tokens, state: &run.state, output: layer.name) {
            (step, row) throws(ModelError) in
            guard wantsAll || step == count - 1 else { return }
            for index in row.indices { values.append(row[index]) }
        }
        call.stopwatch.enter(.encode)
        let steps = wantsAll ? count : 1
        let trajectory = Trajectory(
            model: model,
            layer: layer.name,
            steps: count,
            width: values.count / max(steps, 1),
            isWhole: wantsAll,
            values: values,
            symbols: model.symbols(of: run.tokens)
        )
        return try trajectory.encoded(as: form)
    }

    private static func layer(
        named name: String?,
        of model: Model
    ) throws(ServiceError) -> LayerSummary {
        if let name {
            guard let layer = model.layers.first(where: { $0.name == name }) else {
                throw .model(.unknownLayer(name, available: model.layers.map(\.name)))
            }
            return layer
        }
        guard let recurrent = model.layers.last(where: \.isRecurrent) else {
            throw .missingField("layer", expected: "a layer's name")
        }
        return recurrent
    }
}

extension Model {
    /// The texts of symbols; none of a system that runs by itself.
    fileprivate func symbols(of tokens: [Int32]) -> [String] {
        guard case .tokens(_, let vocabulary) = manifest.input else { return [] }
        return tokens.map { vocabulary.symbols[Int($0)] }
    }
}
