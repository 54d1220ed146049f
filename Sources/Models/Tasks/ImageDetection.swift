import Graph

extension ModelTask {
    /// A picture to boxes around what is seen, with labels.
    public static let imageDetection = ModelTask(
        "image-detection",
        .pictures,
        operations: ["detect", "features", "preview", "kernels"],
        form: Form(key: "detection") { (object) throws(ModelError) in try DetectionForm(object) }
    )
}

/// How a network writes the boxes it finds: `detection` in model.json.
public struct DetectionForm: Sendable {
    public enum Head: String, CaseIterable, Sendable {
        /// One output [N, A, 5 + C], or turned: a box, how sure it is that there is anything, a score for each class.
        case yolov5
        /// One output [N, 4 + C, A], or turned: a box and a score for each class (also v9 and v11).
        case yolov8
        /// One output [N, A, 6]: a box, its score and its class, as networks write that select boxes themselves (v10).
        case rows
        /// An output for boxes [N, A, 4] and one for scores, [N, A, C] or with `classes` [N, A] (SSD, DETR, RetinaNet).
        case boxes
    }

    /// What the four numbers of a box are.
    public enum Corners: String, CaseIterable, Sendable {
        /// Left, top, right, bottom.
        case xyxy
        /// Left, top, width, height.
        case xywh
        /// The centre, width, height.
        case cxcywh
        /// Top, left, bottom, right.
        case yxyx
    }

    public enum Units: String, CaseIterable, Sendable {
        /// Of the network's input.
        case pixels
        /// Fractions of the input's sides.
        case relative
    }

    /// What makes a score of a number.
    public enum Activation: String, CaseIterable, Sendable {
        case none, sigmoid, softmax
    }

    public let head: Head
    /// Outputs, where the head has several.
    let boxes: String?
    let scores: String?
    let classes: String?
    let corners: Corners
    let units: Units
    let activation: Activation
    /// A class that stands for nothing at all; labels do not count it.
    let background: Int?
    /// The least score that counts, unless a request says another.
    public let confidence: Float
    /// How far boxes of a class may cover each other, unless a request says another.
    public let iou: Float

    /// Boxes that are compared with each other, at most: those of the highest scores.
    static let mostCompared = 3000

    /// As the exporter of YOLO writes them.
    init(_ head: Head) {
        (self.head, boxes, scores, classes) = (head, nil, nil, nil)
        corners = head == .rows ? .xyxy : .cxcywh
        (units, activation, background) = (.pixels, .none, nil)
        (confidence, iou) = (0.25, 0.45)
    }

    init(_ object: JSONFields) throws(ModelError) {
        var object = object
        guard let word = try object.string("form") else {
            throw object.mismatch("form", "one of \(Self.heads)", .null)
        }
        guard let head = Head(rawValue: word) else {
            throw object.mismatch("form", "one of \(Self.heads)", .string(word))
        }
        self.head = head
        boxes = try object.string("boxes")
        scores = try object.string("scores")
        classes = try object.string("classes")
        let isSelected = head == .rows || head == .boxes
        corners = try object.word("corners", default: isSelected ? Corners.xyxy : .cxcywh)
        units = try object.word("units", default: Units.pixels)
        activation = try object.word("activation", default: Activation.none)
        background = try object.int("background", minimum: 0)
        confidence = try Self.fraction("confidence", &object) ?? 0.25
        iou = try Self.fraction("iou", &object) ?? 0.45
        object.finish()
        if head == .boxes {
            for (name, output) in [("boxes", boxes), ("scores", scores)] where output == nil {
                throw object.mismatch(name, "the name of an output", .null)
            }
        } else if let name = scores ?? classes {
            throw object.mismatch("scores", "nothing, as \(head.rawValue) has one", .string(name))
        }
    }

    private static let heads = Head.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")

    private static func fraction(
        _ name: String,
        _ object: inout JSONFields
    ) throws(ModelError) -> Float? {
        guard let number = try object.double(name) else { return nil }
        guard (0...1).contains(number) else {
            throw object.mismatch(name, "a number from 0 to 1", .number(number))
        }
        return Float(number)
    }

    /// Names of the outputs that are read, of those the model has.
    public func outputs(of model: [String]) -> [String] {
        guard head == .boxes else { return Array([boxes ?? model.first].compactMap { $0 }) }
        return [boxes, scores, classes].compactMap { $0 }
    }
}

extension DetectionForm: TaskForm {
    func check(
        outputs: [String],
        labels: Int,
        shape: (String) throws(ModelError) -> Shape
    ) throws(ModelError) {
        for name in self.outputs(of: outputs) where !outputs.contains(name) {
            throw .unknownLayer(name, available: outputs)
        }
    }
}
