import HTTP
import TensorFormats

/// `POST /v2/models/{m}/infer`: tensors in, tensors out.
enum Infer {
    static let routes = Route.versions(of: "/v2/models/{model}", "/infer").map { template in
        Route(
            method: .post,
            template: template,
            summary: "Open Inference Protocol: tensors as JSON, or as binary data after it.",
            body: .tensors,
            placement: .queue,
            forms: [],
            conventions: .openInference,
            readsPriority: true,
            joins: true,
            document: InferSchema.document,
            answer: answer
        )
    }

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let asked = try call.inferRequest(for: model)
        if let timeout = asked.timeout { call.setDeadline(microseconds: timeout) }
        if let work = try InferWork(&call, model, asked) { return Answer(work) }
        return try call.infer(asked.tensors, asked.carried) {
            (outputs, call) throws(ServiceError) in
            try InferAnswer(
                model: model,
                asked: asked,
                outputs: outputs,
                carried: call.carriedAnswer,
                namesCarried: call.route.isSessionStep
            ).encoded()
        }
    }
}

extension Route {
    /// A model's path with and without the version's number.
    static func versions(of path: String, _ rest: String) -> [String] {
        [path + rest, "\(path)/versions/{version}\(rest)"]
    }
}

extension Call {
    /// The earlier of the header's deadline and so many microseconds after the request's arrival.
    mutating func setDeadline(microseconds: Int) {
        cancellation.tighten(to: request.arrival + .microseconds(microseconds), microseconds)
    }
}
