import Graph
import HTTP
import Models
import TensorFormats

/// `GET /v2/models`, `/v2/models/{m}` and `/v2/models/{m}/ready`.
enum ModelState {
    static let list = Route(
        method: .get,
        template: "/v2/models",
        summary: "Open Inference Protocol: the names of the models served.",
        forms: [],
        conventions: .openInference,
        document: RouteDocument(answerExample: ["models": ["brackets", "fashion"]]),
        answer: { (call) throws(ServiceError) in
            Answer(["models": .strings(call.host.repository.models.map(\.name))])
        }
    )

    static let readiness = Route.versions(of: "/v2/models/{model}", "/ready").map { template in
        Route(
            method: .get,
            template: template,
            summary: "Open Inference Protocol: whether the model is served.",
            forms: [],
            needsModel: false,
            conventions: .openInference,
            document: RouteDocument(answerExample: ["name": "brackets", "ready": true]),
            answer: ready
        )
    }

    static let metadata = Route.versions(of: "/v2/models/{model}", "").map { template in
        Route(
            method: .get,
            template: template,
            summary: "Open Inference Protocol: the model's inputs and outputs; -1 may vary.",
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: [
                "name": "brackets", "versions": ["1"], "platform": "striate_layers",
                "inputs": [
                    ["name": "tokens", "datatype": "INT64", "shape": [-1, -1]],
                    [
                        "name": "counter.initial_h", "datatype": "FP32", "shape": [1, -1, 2],
                        "optional": true,
                    ],
                ], "outputs": [["name": "verdict", "datatype": "FP32", "shape": [-1, -1, 2]]],
                "parameters": ["weights_digest": "sha256:2360…"],
            ]),
            answer: metadata
        )
    }

    /// 503 while the model is known and not served, so that probes wait for it.
    @Sendable private static func ready(_ call: inout Call) throws(ServiceError) -> Answer {
        let name = call.parameters.model ?? ""
        do throws(ServiceError) {
            _ = try call.host.repository.servedModel(named: name, version: call.parameters.version)
        } catch .modelNotServed {
            return Answer(
                ["name": .string(name), "ready": false],
                status: .serviceUnavailable
            )
        }
        return Answer(["name": .string(name), "ready": true])
    }

    @Sendable private static func metadata(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        return Answer([
            "name": .string(model.name),
            "versions": .strings(call.host.repository.versions(of: model.name)),
            "platform": .string(model.platform),
            "inputs": .array(model.signature.inputs.map(port)),
            "outputs": .array(model.signature.outputs.map(port)),
            "parameters": [
                "weights_digest": .string(Host.text(of: try call.host.digest(of: model)))
            ],
        ])
    }

    private static func port(_ port: ModelSignature.Port) -> JSON {
        let members: [(String, JSON)] = [
            ("name", .string(port.name)),
            ("datatype", .string(Datatype(port.type).rawValue)),
            ("shape", .integers(port.dimensions.map { $0 ?? -1 })),
        ]
        return .object(members + (port.isOptional ? [("optional", true)] : []))
    }
}

extension Model {
    /// What made it, as the protocol writes it.
    var platform: String { isImported ? "onnx_onnxv1" : "striate_layers" }
}
