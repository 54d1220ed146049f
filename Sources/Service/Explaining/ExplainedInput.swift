import Images
import Models
import TensorFormats

/// What windows of a picture or a series add to a class's probability.
struct ExplainedInput {
    let model: Model
    let explanation: Explanation
    let grid: OcclusionGrid
    /// To draw on; nil of a series, or where nothing is drawn.
    let picture: PreparedPicture?

    private var isSeries: Bool { model.manifest.task.input == .series }
    private var shape: [Int] { isSeries ? [grid.columns] : [grid.rows, grid.columns] }

    /// Sides of the smallest picture that is drawn: others are enlarged.
    private static let leastSide = 320

    func answer(_ form: AnswerForm) throws(ServiceError) -> Answer {
        switch form {
        case .npy:
            return Answer(.npy, body: NPY.encode(shape: shape, values: explanation.values.span))
        case .csv: return Answer(.csv, body: table)
        case .png: return try drawing()
        default: return Answer(.answer(of: model, [members]))
        }
    }

    /// The class that is explained, the windows, and what each adds.
    var members: [(String, JSON)] {
        let (window, stride) = (grid.window, grid.stride)
        return [
            ("method", "occlusion"), ("target", explanation.document(model.manifest.label)),
            (
                "window",
                .integers(isSeries ? [window.width] : [window.height, window.width])
            ),
            (
                "stride",
                .integers(isSeries ? [stride.width] : [stride.height, stride.width])
            ),
            ("shape", .integers(shape)),
            ("data", .tensor(shape: shape, values: explanation.values)),
        ]
    }

    private var table: [UInt8] {
        let rows = explanation.values.enumerated().map { index, value in
            let area = grid.area(of: index)
            let columns = [area.columns.lowerBound, area.columns.upperBound]
            let sides = isSeries ? [] : [area.rows.lowerBound, area.rows.upperBound]
            return (sides + columns).map(String.init) + [value.description]
        }
        let header =
            isSeries ? ["from", "to", "fall"] : ["top", "bottom", "left", "right", "fall"]
        return CSV.encode(header: header, rows: rows)
    }

    private func drawing() throws(ServiceError) -> Answer {
        guard let picture else {
            throw .invalidValue(
                field: "Accept",
                expected:
                    "application/json, text/csv or application/x-npy, as a series is no picture",
                got: "image/png"
            )
        }
        var image = picture.source.shown ?? picture.image
        image = image.enlarged(
            max(1, Self.leastSide / max(1, max(image.width, image.height)))
        )
        let heat = grid.spread(explanation.values)
        let places = picture.places(inDrawing: (image.width, image.height))
        let columns = places.columns.map { Int($0.rounded(.down)) }
        var numbers: [Float] = []
        numbers.reserveCapacity(image.width * image.height)
        for y in places.rows {
            let top = Int(y.rounded(.down))
            for left in columns {
                let isSeen =
                    (0..<grid.width).contains(left) && (0..<grid.height).contains(top)
                numbers.append(isSeen ? heat[top * grid.width + left] : 0)
            }
        }
        let label = model.manifest.label(of: explanation.target)
        return try Answer(
            image.heated(by: numbers),
            legend:
                "\(label) \(explanation.probability): red where covering lowers it, blue where it raises it; "
                + "windows of \(grid.window.height)x\(grid.window.width)"
        )
    }
}

extension Explanation {
    /// What is explained: a label with its index and probability.
    func document(_ label: (Int) -> String) -> JSON {
        [
            "label": .string(label(target)), "index": .integer(target),
            "probability": .float(probability),
        ]
    }
}
