import Compute
import Graph
import Models
import TensorFormats
import Texts

/// `GET /models`: what is hosted.
enum ModelList {
    static let route = Route(
        method: .get,
        template: "/models",
        summary: "The hosted models in short.",
        document: RouteDocument(answerExample: ["models": [example], "failed": []]),
        answer: answer
    )

    /// A model in short.
    static let example: JSON = [
        "name": "brackets", "version": "1", "task": "sequence-classification",
        "description": "Decides whether round brackets are balanced.",
        "input": ["name": "tokens", "kind": "tokens", "symbols": 97], "outputs": ["verdict"],
        "parameters": 204, "multiply_adds": 202,
        "score": [
            "metric": "accuracy", "value": 1, "data": "every string of up to 14 round brackets",
        ],
        "operations": ["classify", "encode", "kernels", "explain", "graph"],
    ]

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let repository = call.host.repository
        let models = repository.models.map { JSON.object(ModelDocument($0).short) }
        return Answer([
            "models": .array(models),
            "failed": .array(
                repository.failures.map { failure in
                    [
                        "name": .string(failure.name), "version": .string(failure.version),
                        "folder": .string(failure.folder),
                        "error": .string(sentence(failure.error.description)),
                    ]
                }
            ),
        ])
    }
}

/// `GET /models/{m}`: everything about one model.
enum ModelDetail {
    static let route = Route(
        method: .get,
        template: "/models/{model}",
        summary: "A model's task, input, layers with shapes and costs, labels, score and licence.",
        isRevalidated: true,
        forms: [.json, .csv],
        document: RouteDocument(answerExample: example),
        answer: answer
    )

    private static let example = ModelList.example.adding([
        ("features_layer", "counter"), ("numerics", "precise"),
        ("labels", ["balanced", "unbalanced"]), ("vocabulary", ["(", ")"]),
        ("states", ["counter.initial_h"]), ("preprocessing", .null), ("sound", .null),
        (
            "layers",
            [
                [
                    "name": "counter", "op": "RNN", "output_shape": [1, 1, 2], "parameters": 198,
                    "multiply_adds": 198, "receptive_field": .null, "receptive_start": .null,
                    "receptive_stride": .null,
                ]
            ]
        ),
        ("by_definition", ["share": 0, "nodes": [], "count": 0]), ("remark", .null),
        ("examples", ["balanced.txt", "unbalanced.txt"]),
        ("source", "Constructed by recipe/construct.py."), ("licence", "MIT"),
    ])

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        return call.form == .csv
            ? table(of: model.layers) : Answer(.object(ModelDocument(model).whole))
    }

    /// A row for each layer.
    private static func table(of layers: [LayerSummary]) -> Answer {
        let header = [
            "layer", "operator", "output", "parameters", "multiply_adds", "receptive_field",
        ]
        let rows = layers.map { layer in
            [
                layer.name, layer.op,
                layer.outputShape.dimensions.map(String.init).joined(separator: "x"),
                String(layer.parameters), String(layer.multiplyAdds),
                layer.receptiveField.map { "\($0.height)x\($0.width)" } ?? "",
            ]
        }
        return Answer(.csv, body: CSV.encode(header: header, rows: rows))
    }
}
