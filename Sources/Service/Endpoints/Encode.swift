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
        joins: true,
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
        try answer(&call, layer: call.text("layer"))
    }

    /// The states of a layer, by its name, or of the last recurrent one.
    static func answer(_ call: inout Call, layer name: String?) throws(ServiceError) -> Answer {
        let model: Model
        if let session = call.session {
            model = session.model
        } else {
            model = try call.model(thatCan: "take a sequence of symbols")
        }
        let form = call.form
        // A picture shows how the states change.
        let wantsAll = try call.flag("all") || form == .png
        let layer = try layer(named: name, of: model)
        if wantsAll, layer.outputShape.rank < 3, !model.isImported {
            throw .invalidValue(
                field: "all",
                expected: "false for \(layer.name), which has one value for the whole sequence",
                got: "true"
            )
        }
        let (steps, start) = try call.steps(of: model)
        if wantsAll {
            try call.checkAnswer(numbers: steps.count * layer.outputShape.count)
        }
        call.stopwatch.enter(.compute)
        return Answer(
            EncodeWork(
                run: SequenceRun(model, steps, from: start, outputs: [layer.name]),
                form: form,
                wantsAll: wantsAll
            )
        )
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

/// The states of a layer while symbols are being read.
private struct EncodeWork: SequenceWork {
    var run: SequenceRun
    private let form: AnswerForm
    private let wantsAll: Bool
    private var values: [Float] = []

    init(run: SequenceRun, form: AnswerForm, wantsAll: Bool) {
        (self.run, self.form, self.wantsAll) = (run, form, wantsAll)
    }

    mutating func take(_ step: Int, _ rows: SequenceRows) throws(ModelError) {
        guard step == run.tokens.count - 1 || wantsAll && step >= run.leading else { return }
        try rows.withRow(0) { (row) throws(ModelError) in
            for index in row.indices { values.append(row[index]) }
        }
    }

    mutating func proceed(_ call: inout Call) throws(ServiceError) -> SequenceProgress {
        call.stopwatch.enter(.encode)
        let steps = wantsAll ? run.sent.count : 1
        let trajectory = Trajectory(
            model: run.model,
            layer: run.outputs[0],
            steps: run.sent.count,
            end: run.position,
            width: values.count / max(steps, 1),
            isWhole: wantsAll,
            values: values,
            symbols: run.model.symbols(of: run.sent),
            carried: try call.carry(CarriedState(state: run.state), as: "state_token")
        )
        return .answers(try trajectory.encoded(as: form))
    }
}

extension Model {
    /// The texts of symbols; none of a system that runs by itself.
    fileprivate func symbols(of tokens: some Sequence<Int32>) -> [String] {
        guard case .tokens(_, let vocabulary) = manifest.input else { return [] }
        return tokens.map { vocabulary.symbols[Int($0)] }
    }
}
