import Graph
import Images
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/explain`: where a class's probability comes from.
enum Explain {
    static let route = Route(
        method: .post,
        template: "/models/{model}/explain",
        summary: """
            Where a class or the next symbol comes from: how far its probability falls when a part of the picture or \
            series is covered, or by how many bits its surprise grows when a symbol is left out. As image/png a heat map \
            over the picture: red where covering lowers the probability, blue where it raises it.
            """,
        body: .image,
        placement: .queue,
        query: keys,
        forms: [.json, .npy, .csv, .png],
        document: document,
        answer: answer
    )

    /// How parts are taken away.
    private enum Method: String, CaseIterable {
        case occlusion
    }

    static let keys = [
        QueryKey(
            name: "method",
            kind: .choice(Method.allCases.map(\.rawValue)),
            summary: "occlusion, which is the only one."
        ),
        QueryKey(
            name: "target",
            kind: .text,
            summary: "The label, symbol or index that is explained; the likeliest unless given."
        ),
        QueryKey(
            name: "window",
            kind: .integer(1...1 << 16),
            summary:
                "Sides of what is covered, in pixels or steps; chosen from receptive fields unless given."
        ),
        QueryKey(
            name: "stride",
            kind: .integer(1...1 << 16),
            summary: "Pixels or steps from window to window; a quarter of the window unless given."
        ),
    ]

    private static let document = RouteDocument(
        request: Schema.object(
            "ExplanationRequest",
            PictureReader.members + [
                ("series", Schema.nested), ("text", Schema.string), ("tokens", Schema.integers),
            ],
            isClosed: true
        ),
        requestExample: ["text": "(()())"],
        answer: Schema.answer(
            "Explanation",
            [
                ("method", Schema.string),
                (
                    "target",
                    Schema.prediction
                ),
                ("window", Schema.integers), ("stride", Schema.integers),
                ("shape", Schema.integers), ("data", Schema.nested),
                (
                    "steps",
                    Schema.array(
                        of: Schema.object(
                            "ExplainedStep",
                            [
                                ("symbol", Schema.string), ("index", Schema.integer),
                                ("bits", Schema.number),
                            ]
                        )
                    )
                ),
            ]
        ),
        answerExample: [
            "model": "fashion", "version": "2", "method": "occlusion",
            "target": ["label": "Shirt", "index": 6, "probability": .number(0.93)],
            "window": [9, 9], "stride": [2, 2], "shape": [1, 2],
            "data": [[.number(0.25), .number(-0.01)]],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model(thatCan: "explain its answers")
        guard let output = model.manifest.outputs.first else {
            throw .wrongTask(model, "explain its answers")
        }
        _ = try call.choice("method", of: Method.self)
        if case .tokens(_, let vocabulary) = model.manifest.input {
            return try symbols(of: vocabulary, through: model, output, &call)
        }
        let reader = try call.inputReader()
        let target = try call.target(of: model)
        let subject = try call.subject(reader)
        let grid = try call.grid(of: subject.input.shape, for: model)
        try call.checkExplanation(
            numbers: grid.count + subject.drawnPixels,
            input: subject.input.shape.count
        )
        call.stopwatch.enter(.compute)
        let explanation = try call.occlusion(
            of: subject.input,
            grid: grid,
            output: output,
            target: target
        )
        call.stopwatch.enter(.encode)
        return try ExplainedInput(
            model: model,
            explanation: explanation,
            grid: grid,
            picture: subject.picture
        ).answer(call.form)
    }

    private static func symbols(
        of vocabulary: Vocabulary,
        through model: Model,
        _ output: String,
        _ call: inout Call
    ) throws(ServiceError) -> Answer {
        for key in ["window", "stride"] where call.text(key) != nil {
            throw .unwantedField(
                key,
                reason: "symbols are left out one by one",
                got: call.text(key) ?? ""
            )
        }
        let sequence = try call.sequences(of: vocabulary, atLeast: 2)[0]
        guard sequence.tokens.count <= Model.longestExplained else {
            throw .invalidValue(
                field: sequence.field,
                expected: "at most \(Model.longestExplained) symbols",
                got: "\(sequence.tokens.count)"
            )
        }
        let target = try call.target(of: model)
        call.stopwatch.enter(.compute)
        let explanation = try call.omission(of: sequence.tokens, output: output, target: target)
        call.stopwatch.enter(.encode)
        return try ExplainedSymbols(
            model: model,
            vocabulary: vocabulary,
            tokens: sequence.tokens,
            explanation: explanation
        ).answer(call.form)
    }
}

extension Call {
    /// One input, and the picture it was made of.
    fileprivate struct Subject {
        let input: NetworkInput
        let picture: PreparedPicture?

        var drawnPixels: Int { picture.map { $0.drawnSize.width * $0.drawnSize.height } ?? 0 }
    }

    fileprivate mutating func subject(_ reader: InputReader) throws(ServiceError) -> Subject {
        switch reader {
        case .pictures(let preparation):
            let pictures = try pictures(
                for: preparation,
                shownSide: form == .png ? Self.shownSide : nil
            )
            guard pictures.count == 1 else { throw Self.several(pictures.count, "picture") }
            return Subject(input: preparation.input(pictures[0]), picture: pictures[0])
        case .series(let reader):
            let inputs = try reader.inputs(of: request)
            guard inputs.count == 1 else { throw Self.several(inputs.count, "series") }
            return Subject(input: inputs[0], picture: nil)
        }
    }

    private static func several(_ count: Int, _ noun: String) -> ServiceError {
        .invalidValue(field: "the body", expected: "one \(noun)", got: "\(count)")
    }

    /// The class or symbol that the query names; nil for the likeliest.
    func target(of model: Model) throws(ServiceError) -> Int? {
        guard let text = text("target") else { return nil }
        let isSymbol = model.manifest.task == .nextSymbol
        var names = model.manifest.labels
        if isSymbol, case .tokens(_, let vocabulary) = model.manifest.input {
            names = vocabulary.symbols
        }
        if let index = names.firstIndex(of: text) { return index }
        let layer = model.layers.first { $0.name == model.manifest.outputs.first }
        let count = max(names.count, layer?.outputShape.dimensions.last ?? 0)
        guard let index = Int(text), (0..<max(1, count)).contains(index) else {
            let noun = isSymbol ? "a symbol of the vocabulary" : "a label"
            throw .invalidValue(
                field: "target",
                expected: "\(noun), or an index from 0 to \(max(1, count) - 1)",
                got: text
            )
        }
        return index
    }

    /// The windows over an input of this shape.
    func grid(of shape: Shape, for model: Model) throws(ServiceError) -> OcclusionGrid {
        let sizes = shape.dimensions
        let isSeries = sizes.count == 3
        let isLast = model.manifest.isChannelsLast
        let window = try integer("window", in: 1...1 << 16)
        let stride = try integer("stride", in: 1...1 << 16)
        let grid = OcclusionGrid(
            height: isSeries ? 1 : sizes[isLast ? 1 : 2],
            width: isSeries ? sizes[2] : sizes[isLast ? 2 : 3],
            window: window,
            stride: stride,
            layers: model.layers
        )
        guard let grid else {
            throw .invalidValue(
                field: "stride",
                expected: "one of at most \(OcclusionGrid.mostWindows) windows",
                got: "\(stride ?? 1)"
            )
        }
        return grid
    }

    /// Refuses what there is no memory for: the input stands whole beside its copies and a number for each place.
    mutating func checkExplanation(numbers: Int, input: Int) throws(ServiceError) {
        try checkAnswer(numbers: numbers)
        try answerRoom?.take(bytes: input.times(4 * MemoryLayout<Float>.stride), for: nil)
    }

    /// Covers the windows one after the other.
    func occlusion(
        of input: NetworkInput,
        grid: OcclusionGrid,
        output: String,
        target: Int?
    ) throws(ServiceError) -> Explanation {
        let model = try model
        var values = [Float](repeating: 0, count: input.shape.count)
        var span = values.mutableSpan
        input.fill(&span)
        do throws(ModelError) {
            return try model.occlusion(
                of: values,
                shape: input.shape,
                grid: grid,
                output: output,
                target: target,
                isCancelled: { cancellation.isCancelled }
            )
        } catch {
            throw cancellation.explain(error)
        }
    }

    /// Leaves the symbols out one by one.
    func omission(
        of tokens: [Int32],
        output: String,
        target: Int?
    ) throws(ServiceError) -> Explanation {
        let model = try model
        do throws(ModelError) {
            return try model.omission(
                of: tokens,
                output: output,
                target: target,
                isCancelled: { cancellation.isCancelled }
            )
        } catch {
            throw cancellation.explain(error)
        }
    }
}
