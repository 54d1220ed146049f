import Images
import Telemetry

/// `POST /models/{m}/preview`: a picture to the PNG of exactly what the network is given.
enum Preview {
    static let route = Route(
        method: .post,
        template: "/models/{model}/preview",
        summary: "The picture the network is given: fitted, in its colours, before normalisation.",
        body: .image,
        placement: .queue,
        forms: [.png],
        answer: answer
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
