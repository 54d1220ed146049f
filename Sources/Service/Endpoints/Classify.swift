import Graph
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/classify`: pictures, series or sequences to labels with probabilities.
enum Classify {
    static let route = Route(
        method: .post,
        template: "/models/{model}/classify",
        summary: "Labels with probabilities for a picture, series or sequence, or for several.",
        body: .image,
        placement: .queue,
        query: [
            QueryKey(
                name: "top",
                kind: .integer(1...1_000_000),
                summary: "How many labels, the likeliest first; 5 unless given."
            )
        ],
        forms: [.json, .csv, .npy],
        joins: true,
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object(
            "ClassificationRequest",
            PictureReader.members + [
                ("series", Schema.nested), ("text", Schema.string), ("tokens", Schema.integers),
                ("texts", Schema.array(of: Schema.string)),
            ],
            isClosed: true
        ),
        requestExample: ["text": "(()())"],
        answer: Schema.answer(
            "Classification",
            [
                ("predictions", Schema.array(of: Schema.prediction)),
                (
                    "results",
                    Schema.array(
                        of: Schema.object(
                            "ClassificationResult",
                            [("predictions", Schema.array(of: Schema.prediction))]
                        )
                    )
                ),
            ]
        ),
        answerExample: [
            "model": "fashion", "version": "2",
            "predictions": [["label": "Shirt", "index": 6, "probability": .number(0.93)]],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        guard model.manifest.operations.contains("classify"),
            let output = model.manifest.outputs.first
        else {
            throw .wrongTask(model, "classify")
        }
        let top = try call.integer("top", in: 1...model.classCount(of: output)) ?? 5
        if case .tokens(_, let vocabulary) = model.manifest.input {
            if call.isCompanion { return .declined }
            let rows = try call.classifySequences(of: vocabulary, through: model, output: output)
            return try answer(&call, rows, "sequence", output: output, top: top)
        }
        let reader = try call.inputReader()
        let inputs = try call.inputs(reader)
        if inputs.count == 1, call.session == nil, model.isMemoryBound, model.sideBySide != nil {
            return Answer(
                TensorWork(
                    model: model,
                    inputs: [inputs[0].name: inputs[0].tensor],
                    outputs: [output],
                    explain: { [cancellation = call.cancellation] in cancellation.explain($0) },
                    finish: { (outputs, call) throws(ServiceError) in
                        let row = outputs[0].tensor.floats ?? []
                        return try answer(&call, [row], reader.noun, output: output, top: top)
                    }
                )
            )
        }
        if call.isCompanion { return .declined }
        let rows = try call.classify(inputs, output: output)
        return try answer(&call, rows, reader.noun, output: output, top: top)
    }

    private static func answer(
        _ call: inout Call,
        _ rows: [[Float]],
        _ noun: String,
        output: String,
        top: Int
    ) throws(ServiceError) -> Answer {
        let model = try call.model
        call.stopwatch.enter(.encode)
        let probabilities: [[Float]]
        do throws(ModelError) {
            probabilities = try model.probabilities(of: rows, output: output)
        } catch {
            throw .model(error)
        }
        let predictions = Predictions(
            model: model,
            output: output,
            noun: noun,
            rows: probabilities,
            top: top
        )
        return try encode(predictions, call.carriedAnswer, call.form)
    }

    private static func encode(
        _ predictions: Predictions,
        _ carried: [(String, JSON)],
        _ form: AnswerForm
    ) throws(ServiceError) -> Answer {
        switch form {
        case .npy: return Answer(.npy, body: predictions.npy)
        case .csv: return Answer(.csv, body: predictions.csv)
        default:
            let document = predictions.document.adding(carried)
            let text = try document.text(of: predictions.output)
            return Answer(.json, body: text)
        }
    }
}

extension Model {
    /// How many classes an output tells apart; as many as there may be where that is not known.
    fileprivate func classCount(of output: String) -> Int {
        let layer = layers.first { $0.name == output }
        let numbers = layer?.outputShape.dimensions.last ?? 0
        return max(manifest.labels.count, numbers) > 0
            ? max(manifest.labels.count, numbers) : 1_000_000
    }
}

extension Call {
    /// The numbers of all classes for each input.
    fileprivate mutating func classify(
        _ inputs: [NetworkInput],
        output: String
    ) throws(ServiceError) -> [[Float]] {
        if session != nil { return try classify(inSession: inputs, output: output) }
        stopwatch.enter(.compute)
        var rows: [[Float]] = []
        for input in inputs {
            rows.append(try run(input, outputs: [output]).first?.values ?? [])
        }
        return rows
    }
}

extension Call {
    /// The same for the next rows of a session.
    private mutating func classify(
        inSession inputs: [NetworkInput],
        output: String
    ) throws(ServiceError) -> [[Float]] {
        guard let input = inputs.first, inputs.count == 1 else {
            throw .unwantedField(
                "series",
                reason: "one series in a session",
                got: "\(inputs.count) of them"
            )
        }
        let asked = TensorRequest(inputs: [input.name: input.tensor], outputs: [output])
        return try infer(asked).map { $0.tensor.floats ?? [] }
    }
}

/// The probabilities of all labels for each input, and how many of them to show.
private struct Predictions {
    let model: Model
    let output: String
    /// What an input is called.
    let noun: String
    let rows: [[Float]]
    let top: Int

    var document: JSON {
        .answer(of: model, rows.map { [("predictions", list(of: $0))] })
    }

    var npy: [UInt8] {
        let count = rows.first?.count ?? 0
        let shape = rows.count == 1 ? [count] : [rows.count, count]
        let values = Array(rows.joined())
        return NPY.encode(shape: shape, values: values.span)
    }

    var csv: [UInt8] {
        var lines: [[String]] = []
        for (input, row) in rows.enumerated() {
            for (rank, entry) in ranking(of: row.span, count: top).enumerated() {
                lines.append([
                    String(input), String(rank + 1), label(entry.index), String(entry.index),
                    entry.probability.description,
                ])
            }
        }
        let header = [noun, "rank", "label", "index", "probability"]
        return CSV.encode(header: header, rows: lines)
    }

    /// A probability that is not a number ranks nowhere, so it is looked for before.
    private func list(of row: [Float]) -> JSON {
        if row.contains(where: { !$0.isFinite }) { return .tensor(shape: [row.count], values: row) }
        return .array(
            ranking(of: row.span, count: top).map { entry in
                [
                    "label": .string(label(entry.index)), "index": .integer(entry.index),
                    "probability": .float(entry.probability),
                ]
            }
        )
    }

    private func label(_ index: Int) -> String {
        model.manifest.label(of: index)
    }
}
