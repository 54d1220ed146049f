import Images
import Telemetry
import TensorFormats

/// `POST /models/{m}/preview`: a picture to the PNG of exactly what the network is given.
enum Preview {
    static let route = Route(
        method: .post,
        template: "/models/{model}/preview",
        summary: "The picture the network is given: fitted, in its colours, before normalisation.",
        body: .image,
        placement: .queue,
        forms: [.png],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object("PreviewRequest", PictureReader.members, isClosed: true),
        requestExample: ["image": "iVBORw0KGgo="]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let preparation = try call.preparation()
        let pictures = try call.pictures(for: preparation)
        guard let picture = pictures.first, pictures.count == 1 else {
            throw .invalidValue(
                field: "the form",
                expected: "one file for an image/png answer",
                got: "\(pictures.count) files"
            )
        }
        call.stopwatch.enter(.encode)
        return try Answer(picture.image, legend: preparation.description(of: picture))
    }
}
