public import Engine
import Files
import Graph

/// A file with one input of pictures and one output, as its signature tells it.
struct InferredPicture {
    let input: Manifest.Input
    /// Whether an input is [N, height, width, channels], as Keras has it.
    let isChannelsLast: Bool
    /// What such a network is for unless a manifest says otherwise.
    let task: ModelTask
}

/// What a model folder says about its model: `model.json` without the layers.
public struct Manifest: Sendable {
    public enum Input: Sendable {
        /// An image [N, channels, height, width]; nil means any size.
        case image(name: String, channels: Int, height: Int?, width: Int?)
        /// Numbers over time [N, channels, length]; nil means any length.
        case series(name: String, channels: Int, length: Int?)
        /// A sequence of indices [T, B] into a vocabulary.
        case tokens(name: String, vocabulary: Vocabulary)

        /// Steps without a symbol, [T, B] zeros: a system that runs by itself.
        case clock(name: String)

        /// Whatever the model's signature says; the name is that of the first input.
        case tensors(name: String)

        public var name: String {
            switch self {
            case .image(let name, _, _, _), .series(let name, _, _), .tokens(let name, _),
                .clock(let name), .tensors(let name):
                name
            }
        }

        var isSeries: Bool {
            if case .series = self { true } else { false }
        }

        /// Symbols of a sequence; a clock has one, nil is no sequence.
        public var symbolCount: Int? {
            switch self {
            case .image, .series, .tensors: nil
            case .tokens(_, let vocabulary): vocabulary.symbols.count
            case .clock: 1
            }
        }
    }

    /// A held-out result.
    public struct Score: Sendable {
        public let metric: String
        public let value: Double
        public let data: String
    }

    /// What the model is called here; a repository may call it otherwise than its file does.
    public internal(set) var name: String
    public internal(set) var version: String
    public let description: String
    public let task: ModelTask
    public let numerics: Numerics
    public let input: Input
    public let preprocessing: Preprocessing?
    public internal(set) var outputs: [String]
    /// Whether pictures go in as [N, height, width, channels].
    public internal(set) var isChannelsLast = false
    public internal(set) var labels: [String]
    /// What the numbers of a classifier's output are, if it is said.
    let scores: ClassScores?
    /// The layer the features route shows when none is named.
    public let featuresLayer: String?
    /// The layer before the softmax, where losses are computed without loss of precision.
    public internal(set) var logits: String?
    /// What the object says that only models of this task have.
    let form: (any TaskForm)?
    /// Inputs of an ONNX file with the outputs that continue them.
    var states: [String: String] = [:]
    /// How it listens, if it does.
    public internal(set) var sound: Sound?
    public let source: String
    public let licence: String
    public let score: Score?
    /// Inputs to try the model with, the best first.
    public let examples: [Example]

    /// What follows from an ONNX file, and so need not be said.
    struct Inferred {
        let name: String
        /// Of a model of tensors.
        let input: Input
        /// Of a model of pictures, where that is certain.
        let picture: InferredPicture?
    }

    /// How a model of the task tree-classification composes.
    public var tree: TreeNames? { form as? TreeNames }

    /// How a model of the task image-detection writes boxes.
    public var detection: DetectionForm? { form as? DetectionForm }

    /// How a model of the task image-segmentation writes classes.
    public var segmentation: SegmentationForm? { form as? SegmentationForm }

    /// The last segments of the routes that a model of this kind answers.
    public var operations: [String] {
        let offered = outputs.isEmpty ? task.operationsWithoutOutputs : nil
        return (offered ?? task.operations) + ["graph"]
    }

    static let nameForm = "1 to 255 letters, digits, '.', '_' or '-'"

    static func isName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
