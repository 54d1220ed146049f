import Models
import TensorFormats

/// `GET /v2/models/{m}/config`: the model's configuration as the extension and performance tools read it.
enum ModelConfiguration {
    static let routes = Route.versions(of: "/v2/models/{model}", "/config").map { template in
        Route(
            method: .get,
            template: template,
            summary: "Open Inference Protocol: the model's configuration.",
            forms: [],
            conventions: .openInference,
            document: RouteDocument(answerExample: [
                "name": "brackets", "platform": "striate_layers", "backend": "striate",
                "version_policy": ["all": [:]], "max_batch_size": 0,
                "input": [
                    [
                        "name": "tokens", "data_type": "TYPE_INT64", "dims": [-1, -1],
                        "optional": false,
                    ],
                    [
                        "name": "counter.initial_h", "data_type": "TYPE_FP32", "dims": [1, -1, 2],
                        "optional": true,
                    ],
                ], "output": [["name": "verdict", "data_type": "TYPE_FP32", "dims": [-1, -1, 2]]],
                "instance_group": [["name": "cpu", "kind": "KIND_CPU", "count": 1]],
                "parameters": [:],
            ]),
            answer: answer
        )
    }

    /// What a batch is said to hold at most: memory bounds it, not a number.
    private static let largestBatch = 128

    @Sendable private static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let signature = model.signature
        let inputs = signature.inputs.filter { !$0.isOptional }
        // A first dimension that varies everywhere is the batch, which "dims" leave out; of symbols it is time.
        let isBatched =
            model.batchAxis == 0
            && (inputs + signature.outputs).allSatisfy { $0.dimensions.first == .some(nil) }
        func ports(_ ports: [ModelSignature.Port], isInput: Bool) -> JSON {
            .array(
                ports.map { port in
                    let dimensions = port.dimensions.map { $0 ?? -1 }
                    let members: [(String, JSON)] = [
                        ("name", .string(port.name)),
                        ("data_type", .string(Datatype(port.type).configurationName)),
                        ("dims", .integers(isBatched ? Array(dimensions.dropFirst()) : dimensions)),
                    ]
                    guard isInput else { return .object(members) }
                    return .object(members + [("optional", .boolean(port.isOptional))])
                }
            )
        }
        return Answer([
            "name": .string(model.name), "platform": .string(model.platform),
            "backend": "striate",
            "version_policy": ["all": [:]],
            "max_batch_size": .integer(isBatched ? largestBatch : 0),
            "input": ports(isBatched ? inputs : signature.inputs, isInput: true),
            "output": ports(signature.outputs, isInput: false),
            "instance_group": [["name": "cpu", "kind": "KIND_CPU", "count": 1]],
            "parameters": [:],
        ])
    }
}

extension Datatype {
    /// As model configurations write it.
    fileprivate var configurationName: String {
        self == .bytes ? "TYPE_STRING" : "TYPE_" + rawValue
    }
}
