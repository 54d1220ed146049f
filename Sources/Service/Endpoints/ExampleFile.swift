import Models

/// `GET /models/{m}/examples/{name}`: an input to try the model with.
enum ExampleFile {
    static let route = Route(
        method: .get,
        template: "/models/{model}/examples/{example}",
        summary: "An input to try the model with: a file that its other routes take as a body.",
        isRevalidated: true,
        forms: [],
        answer: answer
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let examples = model.manifest.examples
        let name = call.parameters.example ?? ""
        guard let example = examples.first(where: { $0.name == name }) else {
            throw .unknownExample(name, model: model.name, available: examples.map(\.name))
        }
        return Answer(contentType: example.format.contentType, body: example.bytes)
    }
}

extension Example.Format {
    var contentType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8"
        case .jpeg, .jpg: "image/jpeg"
        case .json: "application/json"
        case .npy: "application/x-npy"
        case .png: "image/png"
        case .txt: "text/plain; charset=utf-8"
        }
    }
}
