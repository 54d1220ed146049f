public import Graph

extension ModelTask {
    /// A picture to a class for each of its pixels.
    public static let imageSegmentation = ModelTask(
        "image-segmentation",
        .pictures,
        operations: ["segment", "features", "preview", "kernels"],
        form: Form(key: "segmentation") { (object) throws(ModelError) in
            try SegmentationForm(object)
        }
    )
}

/// How a network writes what it finds at each pixel: `segmentation` in model.json.
public struct SegmentationForm: Sendable {
    public enum Head: String, CaseIterable, Sendable {
        /// [N, C, H, W]: a score for each class, of which the highest counts.
        case scores
        /// [N, H, W] or [N, 1, H, W]: the class itself.
        case classes
        /// [N, 1, H, W]: how sure it is that a pixel belongs to the one thing that is looked for.
        case mask
    }

    public let head: Head
    private let output: String?
    /// Whether a mask's numbers are still to go through a sigmoid.
    let isLogit: Bool
    /// The least certainty at which a pixel belongs to a mask, unless a request says another.
    public let confidence: Float

    init(_ object: JSONFields) throws(ModelError) {
        var object = object
        head = try object.word("form", default: Head.scores)
        output = try object.string("output")
        let activation = try object.word("activation", default: DetectionForm.Activation.none)
        guard activation != .softmax else {
            throw object.mismatch("activation", "\"none\" or \"sigmoid\"", .string("softmax"))
        }
        isLogit = activation == .sigmoid
        let least = try object.double("confidence") ?? 0.5
        guard (0...1).contains(least) else {
            throw object.mismatch("confidence", "a number from 0 to 1", .number(least))
        }
        confidence = Float(least)
        object.finish()
    }

    /// The output that is read, of those the model has.
    public func output(of model: [String]) -> String? { output ?? model.first }
}

extension SegmentationForm: TaskForm {
    func check(
        outputs: [String],
        labels: Int,
        shape: (String) throws(ModelError) -> Shape
    ) throws(ModelError) {
        guard let name = output(of: outputs), outputs.contains(name) else {
            throw .unknownLayer(output ?? "", available: outputs)
        }
    }
}

/// A class for each pixel of a network's output.
public struct ClassMap: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// Rows from the top.
    public let classes: [UInt16]
}

extension SegmentationForm {
    /// The classes that an output of one input says; of a mask, 1 where there is something and 0 elsewhere.
    public func classMap(
        of output: DetectionForm.Output,
        above confidence: Float
    ) throws(ModelError) -> ClassMap {
        let shape = output.shape
        guard shape.count == 3 || shape.count == 2 && head != .scores else {
            throw refusal(shape)
        }
        let channels = shape.count == 3 ? shape[0] : 1
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        let pixels = height * width
        guard (head == .scores ? 2...Int(UInt16.max) : 1...1).contains(channels) else {
            throw refusal(shape)
        }
        let values = output.values
        let classes = (0..<pixels).map { pixel -> UInt16 in
            switch head {
            case .classes: return UInt16(exactly: values[pixel].rounded()) ?? .max
            case .mask: return certainty(values[pixel]) >= confidence ? 1 : 0
            case .scores:
                var best = 0
                for channel in 1..<channels
                where values[channel * pixels + pixel] > values[best * pixels + pixel] {
                    best = channel
                }
                return UInt16(best)
            }
        }
        return ClassMap(width: width, height: height, classes: classes)
    }

    private func certainty(_ number: Float) -> Float {
        isLogit ? Float(1 / (1 + exponential(-Double(number)))) : number
    }

    private func refusal(_ shape: [Int]) -> ModelError {
        let expected =
            switch head {
            case .scores: "[N, classes, height, width] of at least two classes"
            case .classes: "[N, height, width] or [N, 1, height, width]"
            case .mask: "[N, 1, height, width]"
            }
        return .invalidManifest(
            field: "model.json, segmentation, form",
            expected: "an output such as \(head.rawValue) has, \(expected)",
            got: "[N, \(shape.map(String.init).joined(separator: ", "))]"
        )
    }
}
