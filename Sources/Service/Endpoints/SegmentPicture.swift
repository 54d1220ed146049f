import Graph
import Images
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/segment`: a class for each pixel of a picture, as runs, as an array or as colours over it.
enum SegmentPicture {
    static let route = Route(
        method: .post,
        template: "/models/{model}/segment",
        summary: """
            What each pixel of a picture shows: how much there is of each label and where, with the mask as runs of \
            [class, pixels] from the top left; as .npy the mask itself, as image/png colours over the picture.
            """,
        body: .image,
        placement: .queue,
        query: [
            QueryKey(
                name: "confidence",
                kind: .number(0...1),
                summary: "The least certainty of a pixel of a mask; the model's own unless given."
            )
        ],
        forms: [.json, .npy, .png],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object("SegmentationRequest", PictureReader.members, isClosed: true),
        requestExample: ["image": "iVBORw0KGgo="],
        answer: Schema.answer(
            "Segmentation",
            [
                ("width", Schema.integer), ("height", Schema.integer),
                (
                    "classes",
                    Schema.array(
                        of: Schema.object(
                            "SegmentClass",
                            [
                                ("label", Schema.string), ("index", Schema.integer),
                                ("pixels", Schema.integer), ("share", Schema.number),
                                ("box", Schema.integers),
                            ]
                        )
                    )
                ), ("runs", Schema.array(of: Schema.integers)), ("results", Schema.nested),
            ]
        ),
        answerExample: [
            "model": "roads", "version": "1", "width": 2, "height": 2,
            "classes": [
                ["label": "road", "index": 1, "pixels": 4, "share": 1, "box": [0, 0, 2, 2]]
            ],
            "runs": [[1, 4]],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let form = try call.form("segment", \.segmentation)
        let model = try call.model
        let confidence = try call.fraction("confidence") ?? form.confidence
        let preparation = try call.preparation()
        let pictures = try call.shownPictures(for: preparation)
        guard let name = form.output(of: model.manifest.outputs) else {
            throw .wrongTask(model, "segment")
        }
        let pixels = pictures.reduce(0) { sum, picture in
            let size = picture.drawnSize
            return sum + size.width * size.height
        }
        try call.checkAnswer(numbers: pixels)
        call.stopwatch.enter(.compute)
        var masks: [Mask] = []
        for picture in pictures {
            let outputs = try call.outputs([name], of: picture, preparation)
            guard let output = outputs.first else { continue }
            do throws(ModelError) {
                let map = try form.classMap(of: output, above: confidence)
                masks.append(Mask(map, of: picture, size: picture.drawnSize))
            } catch {
                throw .model(error)
            }
            try call.cancellation.check()
        }
        call.stopwatch.enter(.encode)
        switch call.form {
        case .png: return try drawing(of: masks, pictures)
        case .npy: return try array(of: masks)
        default:
            return Answer(.answer(of: model, masks.map { $0.members(model.manifest) }))
        }
    }

    private static func drawing(
        of masks: [Mask],
        _ pictures: [PreparedPicture]
    ) throws(ServiceError) -> Answer {
        let picture = pictures[0]
        let image = picture.source.shown ?? picture.image
        return try Answer(
            image.tinted(by: masks[0].classes),
            legend: "a colour for each class but 0, over the picture"
        )
    }

    private static func array(of masks: [Mask]) throws(ServiceError) -> Answer {
        guard let mask = masks.first, masks.count == 1 else {
            throw .invalidValue(
                field: "the form",
                expected: "one file for an .npy answer",
                got: "\(masks.count) files"
            )
        }
        let values = mask.classes.map { Float($0) }
        return Answer(
            .npy,
            body: NPY.encode(shape: [mask.height, mask.width], values: values.span)
        )
    }
}
