import Foundation
import Inference

/// `GET /models`: what is hosted.
enum ModelList {
    static let route = Route(
        method: .get,
        template: "/models",
        summary: "The hosted models in short.",
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let repository = call.service.repository
        let models = repository.models.map { JSON.object(ModelDocument($0).short) }
        return Answer([
            "models": .array(models),
            "failed": .array(
                repository.failures.map { failure in
                    [
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
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        Answer(.object(ModelDocument(try call.model).whole))
    }
}
