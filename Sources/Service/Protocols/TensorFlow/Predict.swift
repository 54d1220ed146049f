import Graph
import HTTP
import Models
import TensorFormats
import Texts

/// `POST /v1/models/{m}:predict` of TensorFlow Serving, which KServe's first protocol is a part of.
enum Predict {
    static let routes = TensorFlowServing.paths(":predict").map { template in
        Route(
            method: .post,
            template: template,
            summary: "TensorFlow Serving: {\"instances\": […]} or {\"inputs\": …} to predictions.",
            body: .tensors,
            placement: .queue,
            forms: [],
            conventions: .tensorFlow,
            document: RouteDocument(
                request: Schema.object(
                    "PredictRequest",
                    [
                        ("signature_name", Schema.string), ("instances", Schema.nested),
                        ("inputs", Schema.any),
                    ]
                ),
                requestExample: ["instances": [[0]]],
                answer: Schema.object(
                    "PredictResponse",
                    [("predictions", Schema.nested), ("outputs", Schema.any)]
                ),
                answerExample: ["predictions": [[0, 1]]]
            ),
            answer: answer
        )
    }

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        if call.isCompanion { return .declined }
        let (format, inputs) = try call.instances()
        let asked = TensorRequest(inputs: inputs)
        let answer = try PredictAnswer(try call.infer(asked), of: try call.model)
        return format == .rows ? try answer.rows() : try answer.columns()
    }
}

extension Call {
    /// The tensors of a predict request, and how they were written; pictures are prepared.
    mutating func instances() throws(ServiceError) -> (PredictDocument.Format, [String: Tensor]) {
        let model = try model
        try request.checkBody(
            expecting: "a predict request: \(RequestForm.tensorFlow.example(for: model))"
        )
        let document = try request.body.readJSON(allowsNonFinite: true) {
            (reader) throws(ServiceError) in
            do throws(JSONError) {
                return try PredictDocument(&reader, for: model.signature)
            } catch {
                throw .json(error)
            }
        }
        if let mistake = document.mistake { throw fault(mistake, "invalid_value", nil) }
        guard let format = document.format else {
            throw fault("\"instances\" is missing.", "missing_field", "instances")
        }
        try checkSignatureName(document.signatureName)
        var inputs: [String: Tensor] = [:]
        for (name, tensor) in document.tensors { inputs[name] = try pictures(tensor, for: name) }
        return (format, inputs)
    }

    /// Models have one signature.
    func checkSignatureName(_ name: String?) throws(ServiceError) {
        guard let name, !name.isEmpty, name != TensorFlowServing.signatureName else { return }
        throw fault(
            "There is no signature \(quoted(name)); there is \(quoted(TensorFlowServing.signatureName)).",
            "invalid_value",
            "signature_name"
        )
    }
}
