import TensorFormats

/// Requests and answers of the Open Inference Protocol, as schemas.
enum InferSchema {
    static let document = RouteDocument(
        request: Schema.object(
            "InferRequest",
            [
                ("id", Schema.string), ("parameters", Schema.object()),
                ("inputs", Schema.array(of: tensor("InferInput"))),
                (
                    "outputs",
                    Schema.array(
                        of: Schema.object(
                            "InferRequestedOutput",
                            [("name", Schema.string), ("parameters", Schema.object())],
                            required: ["name"]
                        )
                    )
                ),
            ],
            required: ["inputs"]
        ),
        requestExample: [
            "inputs": [
                ["name": "tokens", "datatype": "INT64", "shape": [1, 1], "data": [0]]
            ]
        ],
        answer: Schema.object(
            "InferResponse",
            [
                ("model_name", Schema.string), ("model_version", Schema.string),
                ("id", Schema.string), ("parameters", Schema.object()),
                ("outputs", Schema.array(of: tensor("InferOutput"))),
            ],
            required: ["model_name", "outputs"]
        ),
        answerExample: [
            "model_name": "orbit", "model_version": "1",
            "outputs": [
                ["name": "state", "datatype": "FP32", "shape": [1, 2], "data": [0, 1]]
            ],
        ]
    )

    private static func tensor(_ title: String) -> JSON {
        Schema.object(
            title,
            [
                ("name", Schema.string),
                ("shape", Schema.array(of: ["type": "integer", "minimum": 0])),
                (
                    "datatype",
                    ["type": "string", "enum": .strings(Datatype.allCases.map(\.rawValue))]
                ), ("parameters", Schema.object()), ("data", Schema.nested),
            ],
            required: ["name", "shape", "datatype"]
        )
    }
}
