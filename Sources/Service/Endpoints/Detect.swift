import Graph
import Images
import Models
import Telemetry
import TensorFormats

/// `POST /models/{m}/detect`: a picture to boxes around what is seen, with labels, or to a drawing of them.
enum Detect {
    static let mostBoxes = 1000

    static let route = Route(
        method: .post,
        template: "/models/{model}/detect",
        summary: """
            Boxes with labels around what a picture shows, in its own pixels, likeliest first; as image/png they are \
            drawn on it.
            """,
        body: .image,
        placement: .queue,
        query: [
            QueryKey(
                name: "confidence",
                kind: .number(0...1),
                summary: "The least score of a box; the model's own unless given."
            ),
            QueryKey(
                name: "iou",
                kind: .number(0...1),
                summary:
                    "How far two boxes of a label may cover each other; the model's own unless given."
            ),
            QueryKey(
                name: "top",
                kind: .integer(1...mostBoxes),
                summary: "How many boxes at most; 100 unless given."
            ),
        ],
        forms: [.json, .csv, .png],
        document: document,
        answer: answer
    )

    private static let document = RouteDocument(
        request: Schema.object("DetectionRequest", PictureReader.members, isClosed: true),
        requestExample: ["image": "iVBORw0KGgo="],
        answer: Schema.answer(
            "Detection",
            [
                ("width", Schema.integer), ("height", Schema.integer),
                (
                    "boxes",
                    Schema.array(
                        of: Schema.object(
                            "DetectedBox",
                            [
                                ("label", Schema.string), ("index", Schema.integer),
                                ("score", Schema.number), ("box", Schema.numbers),
                            ],
                            required: ["label", "index", "score", "box"]
                        )
                    )
                ), ("results", Schema.nested),
            ]
        ),
        answerExample: [
            "model": "faces", "version": "1", "width": 512, "height": 512,
            "boxes": [
                [
                    "label": "face", "index": 0, "score": .number(0.83),
                    "box": [.number(173.1), .number(82.6), .number(274.4), 180],
                ]
            ],
        ]
    )

    @Sendable static func answer(_ call: inout Call) throws(ServiceError) -> Answer {
        let form = try call.form("detect", \.detection)
        let model = try call.model
        let confidence = try call.fraction("confidence") ?? form.confidence
        let iou = try call.fraction("iou") ?? form.iou
        let top = try call.integer("top", in: 1...mostBoxes) ?? 100
        let preparation = try call.preparation()
        let pictures = try call.shownPictures(for: preparation)
        call.stopwatch.enter(.compute)
        var found: [[DetectedBox]] = []
        for picture in pictures {
            let names = form.outputs(of: model.manifest.outputs)
            let outputs = try call.outputs(names, of: picture, preparation)
            do throws(ModelError) {
                let boxes = try form.boxes(
                    in: outputs,
                    labels: model.manifest.labels.count,
                    width: picture.width,
                    height: picture.height,
                    above: confidence
                )
                found.append(
                    boxes.selected(iou: iou, count: top).map { $0.moved(onto: picture) }
                )
            } catch {
                throw .model(error)
            }
        }
        call.stopwatch.enter(.encode)
        let answer = Detections(model: model, pictures: pictures, found: found)
        switch call.form {
        case .png: return try answer.drawing()
        case .csv: return Answer(.csv, body: answer.csv)
        default: return Answer(.json, body: answer.document.text)
        }
    }
}

extension DetectedBox {
    /// The box in the pixels of the picture that was sent, as far as it lies inside.
    func moved(onto picture: PreparedPicture) -> DetectedBox {
        let (width, height) = picture.sourceSize
        let place = picture.source.place
        let (first, last) = (
            place.source(x: left, y: top), place.source(x: right, y: bottom)
        )
        func inside(_ value: Float, _ most: Int) -> Float { max(0, min(Float(most), value)) }
        var moved = self
        (moved.left, moved.right) = (inside(first.x, width), inside(last.x, width))
        (moved.top, moved.bottom) = (inside(first.y, height), inside(last.y, height))
        return moved
    }
}

/// What was found in each picture.
private struct Detections {
    let model: Model
    let pictures: [PreparedPicture]
    let found: [[DetectedBox]]

    var document: JSON {
        let results = zip(pictures, found).map { picture, boxes -> [(String, JSON)] in
            let size = picture.sourceSize
            return [
                ("width", .integer(size.width)), ("height", .integer(size.height)),
                ("boxes", .array(boxes.map(entry))),
            ]
        }
        return .answer(of: model, results)
    }

    private func entry(_ box: DetectedBox) -> JSON {
        [
            "label": .string(label(box)), "index": .integer(box.label),
            "score": .float(box.score),
            "box": .array([box.left, box.top, box.right, box.bottom].map { .float($0) }),
        ]
    }

    private func label(_ box: DetectedBox) -> String {
        model.manifest.label(of: box.label)
    }

    var csv: [UInt8] {
        let header = [
            "picture", "rank", "label", "index", "score", "left", "top", "right", "bottom",
        ]
        var rows: [[String]] = []
        for (picture, boxes) in found.enumerated() {
            for (rank, box) in boxes.enumerated() {
                let edges = [box.score, box.left, box.top, box.right, box.bottom]
                rows.append(
                    [String(picture), String(rank + 1), label(box), String(box.label)]
                        + edges.map(\.description)
                )
            }
        }
        return CSV.encode(header: header, rows: rows)
    }

    func drawing() throws(ServiceError) -> Answer {
        let picture = pictures[0]
        let image = picture.source.shown ?? picture.image
        let size = picture.sourceSize
        let scale = Float(image.width) / Float(size.width)
        let boxes = found[0].map { box in
            MarkedBox(
                left: box.left * scale,
                top: box.top * scale,
                right: box.right * scale,
                bottom: box.bottom * scale,
                caption: "\(label(box)) \(percent(box.score))",
                colour: box.label + 1
            )
        }
        let count = boxes.count == 1 ? "1 box" : "\(boxes.count) boxes"
        return try Answer(
            image.marked(with: boxes),
            legend: "\(count) on a picture of \(size.width)x\(size.height)"
        )
    }

    private func percent(_ score: Float) -> String {
        score.isFinite ? "\(Int((score * 100).rounded())) %" : ""
    }
}
