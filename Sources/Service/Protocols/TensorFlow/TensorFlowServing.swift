import Graph
import Models
import TensorFormats

/// TensorFlow Serving's interface over HTTP, and KServe's first protocol.
enum TensorFlowServing {
    static let signatureName = "serving_default"

    static let routes: [Route] =
        Predict.routes + ClassifyExamples.routes + ExplainInstances.routes
        + paths("/metadata").map(metadata)
        + paths("").map(status) + [list]

    /// A model's path, with and without a version or a version's label, and something after it.
    static func paths(_ rest: String) -> [String] {
        (Route.versions(of: "/v1/models/{model}", "") + ["/v1/models/{model}/labels/{label}"])
            .map { $0 + rest }
    }

    private static let list = Route(
        method: .get,
        template: "/v1/models",
        summary: "KServe: the names of the models served.",
        forms: [],
        conventions: .tensorFlow,
        document: RouteDocument(answerExample: ["models": ["brackets", "fashion"]]),
        answer: { (call) throws(ServiceError) in
            Answer(["models": .strings(call.host.repository.models.map(\.name))])
        }
    )

    /// TensorFlow Serving's status, and beside it what KServe's clients look for.
    private static func status(_ template: String) -> Route {
        Route(
            method: .get,
            template: template,
            summary: "TensorFlow Serving: the states of a model's versions.",
            forms: [],
            needsModel: false,
            conventions: .tensorFlow,
            document: RouteDocument(answerExample: [
                "model_version_status": [
                    [
                        "version": "1", "state": "AVAILABLE",
                        "status": ["error_code": "OK", "error_message": ""],
                    ]
                ], "name": "brackets", "ready": true,
            ]),
            answer: { (call) throws(ServiceError) in
                let name = call.parameters.model ?? ""
                let rows = call.host.repository.index.filter { $0.name == name }
                if rows.isEmpty {
                    _ = try call.host.repository.servedModel(named: name, version: nil)
                }
                let wanted = rows.filter {
                    call.namedVersion == nil || $0.version == call.namedVersion
                }
                if wanted.isEmpty {
                    _ = try call.host.repository.servedModel(
                        named: name,
                        version: call.namedVersion
                    )
                }
                return Answer([
                    "model_version_status": .array(wanted.reversed().map(version)),
                    "name": .string(name),
                    "ready": .boolean(wanted.contains { $0.state == .ready }),
                ])
            }
        )
    }

    private static func version(_ row: RepositoryRow) -> JSON {
        let state =
            switch row.state {
            case .ready: "AVAILABLE"
            case .loading: "LOADING"
            case .unloading: "UNLOADING"
            case .unavailable: "END"
            }
        return [
            "version": .string(row.version), "state": .string(state),
            "status": [
                "error_code": row.state == .ready || row.reason.isEmpty ? "OK" : "UNKNOWN",
                "error_message": .string(row.state == .ready ? "" : row.reason),
            ],
        ]
    }

    private static func portExample(_ name: String, _ type: String, _ sizes: [String]) -> JSON {
        [
            "dtype": .string(type),
            "tensor_shape": [
                "dim": .array(sizes.map { ["size": .string($0), "name": ""] }),
                "unknown_rank": false,
            ],
            "name": .string(name + ":0"),
        ]
    }

    private static let metadataExample: JSON = [
        "model_spec": ["name": "brackets", "signature_name": "", "version": "1"],
        "metadata": [
            "signature_def": [
                "signature_def": [
                    "serving_default": [
                        "inputs": ["tokens": portExample("tokens", "DT_INT64", ["-1", "-1"])],
                        "outputs": [
                            "verdict": portExample("verdict", "DT_FLOAT", ["-1", "-1", "2"])
                        ],
                        "method_name": "tensorflow/serving/predict", "defaults": [:],
                    ]
                ]
            ]
        ],
    ]

    private static func metadata(_ template: String) -> Route {
        Route(
            method: .get,
            template: template,
            summary: "TensorFlow Serving: the model's signature.",
            forms: [],
            conventions: .tensorFlow,
            document: RouteDocument(answerExample: metadataExample),
            answer: { (call) throws(ServiceError) in
                let model = try call.model
                let signature: JSON = [
                    "inputs": .object(model.signature.inputs.map(port)),
                    "outputs": .object(model.signature.outputs.map(port)),
                    "method_name": "tensorflow/serving/predict", "defaults": [:],
                ]
                let signatures: JSON = .object([(signatureName, signature)])
                return Answer([
                    "model_spec": [
                        "name": .string(model.name), "signature_name": "",
                        "version": .string(model.version),
                    ],
                    "metadata": ["signature_def": ["signature_def": signatures]],
                ])
            }
        )
    }

    private static func port(_ port: ModelSignature.Port) -> (String, JSON) {
        let dimensions = port.dimensions.map { size -> JSON in
            ["size": .string(String(size ?? -1)), "name": ""]
        }
        return (
            port.name,
            [
                "dtype": .string(Datatype(port.type).tensorFlowName),
                "tensor_shape": ["dim": .array(dimensions), "unknown_rank": false],
                "name": .string("\(port.name):0"),
            ]
        )
    }
}

extension Datatype {
    fileprivate var tensorFlowName: String {
        switch self {
        case .float16: "DT_HALF"
        case .bfloat16: "DT_BFLOAT16"
        case .float32: "DT_FLOAT"
        case .float64: "DT_DOUBLE"
        case .bytes: "DT_STRING"
        default: "DT_\(rawValue)"
        }
    }
}
