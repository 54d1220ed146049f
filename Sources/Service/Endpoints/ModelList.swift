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
        answer: answer
    )

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
        answer: answer
    )

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
