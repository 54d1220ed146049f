import Graph
import Images
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/features`: pictures or series to the values of any layers.
enum Features {
    enum Pooling: String, CaseIterable {
        case none
        case max
        case mean
    }

    static let route = Route(
        method: .post,
        template: "/models/{model}/features",
        summary: "The feature maps of any layers, as numbers or as one picture.",
        body: .image,
        placement: .queue,
        query: [
            QueryKey(
                name: "layer",
                kind: .text,
                summary:
                    "Names of layers, separated by commas; the model's own choice unless given."
            ),
            QueryKey(
                name: "pool",
                kind: .choice(Pooling.allCases.map(\.rawValue)),
                summary: "max or mean: one number for each map instead of the map."
            ),
            QueryKey(
                name: "map",
                kind: .integer(0...1 << 30),
                summary: "One map alone, by its channel, counted from 0; all unless given."
            ),
        ],
        forms: [.json, .png, .npy, .csv],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object(
            "FeaturesRequest",
            PictureReader.members + [("series", Schema.nested)],
            isClosed: true
        ),
        requestExample: ["series": [0, 1, 0]],
        answer: Schema.answer("Features", [("layers", layers), ("results", Schema.nested)]),
        answerExample: [
            "model": "fashion", "version": "2",
            "layers": ["pool3": ["shape": [2], "data": [.number(0.5), 0]]],
        ]
    )

    private static let layers: JSON = [
        "type": "object", "title": "LayerValues",
        "additionalProperties": Schema.object(
            "LayerValue",
            [("shape", Schema.integers), ("data", Schema.nested)],
            required: ["shape", "data"]
        ),
    ]

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let form = call.form
        let reader = try call.inputReader()
        let pooling = try call.choice("pool", of: Pooling.self) ?? .none
        let layers = try call.names("layer") ?? defaultLayers(of: model)
        try checkLayers(layers, of: model)
        if form != .json && layers.count != 1 {
            throw .invalidValue(
                field: "layer",
                expected: "one layer for \(form.rawValue); only JSON carries several",
                got: layers.joined(separator: ",")
            )
        }
        let map = try call.integer("map", in: 0...1 << 30)
        let inputs = try call.inputs(reader)
        call.stopwatch.enter(.compute)
        var results: [[NamedTensor]] = []
        var numbers = 0
        for input in inputs {
            if pooling == .none {
                numbers += try call.count(of: layers, for: input)
                try call.checkAnswer(numbers: numbers)
            }
            let outputs = try call.run(input, outputs: layers)
            var chosen = outputs
            if let map {
                chosen.removeAll()
                for output in outputs { chosen.append(try channel(map, of: output)) }
            }
            results.append(chosen.map { pooled($0, pooling) })
        }
        call.stopwatch.enter(.encode)
        return try FeatureAnswer(model: model, noun: reader.noun, results: results).encoded(
            as: form
        )
    }

    private static func defaultLayers(of model: Model) -> [String] {
        [model.manifest.featuresLayer ?? model.manifest.outputs.first ?? ""]
    }

    /// Found out before the body is decoded, so that the cheap mistake gets the quick answer.
    private static func checkLayers(_ layers: [String], of model: Model) throws(ServiceError) {
        let known = model.layers.map(\.name)
        for layer in layers where !known.contains(layer) {
            throw .model(.unknownLayer(layer, available: known))
        }
    }

    /// [C, …] to [1, …].
    private static func channel(
        _ channel: Int,
        of tensor: NamedTensor
    ) throws(ServiceError) -> NamedTensor {
        guard let count = tensor.shape.first, channel < count else {
            throw .invalidValue(
                field: "map",
                expected: "a channel of \(tensor.name), from 0 to \((tensor.shape.first ?? 1) - 1)",
                got: "\(channel)"
            )
        }
        let size = tensor.values.count / count
        return NamedTensor(
            name: tensor.name,
            shape: [1] + tensor.shape.dropFirst(),
            values: Array(tensor.values[channel * size..<(channel + 1) * size])
        )
    }

    /// [C, H, W] or [C, L] to [C]; values without planes stay as they are.
    private static func pooled(_ tensor: NamedTensor, _ pooling: Pooling) -> NamedTensor {
        guard pooling != .none, (2...3).contains(tensor.shape.count) else { return tensor }
        let plane = tensor.shape[1...].reduce(1, *)
        let values = (0..<tensor.shape[0]).map { channel -> Float in
            let map = tensor.values[channel * plane..<(channel + 1) * plane]
            return pooling == .max ? map.max() ?? 0 : map.reduce(0, +) / Float(max(1, plane))
        }
        return NamedTensor(name: tensor.name, shape: [tensor.shape[0]], values: values)
    }
}
