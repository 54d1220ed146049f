import Graph

/// What a model is for: what a request brings, and which routes answer it.
///
/// Each task stands in a file of its own here; `all` is the only list of them.
public struct ModelTask: Sendable, Equatable {
    /// What a model of the task reads.
    public enum Input: Sendable {
        case pictures, series
        /// Symbols of a vocabulary.
        case symbols
        /// Symbols, or steps without any.
        case steps
        case trees, tensors

        /// An input of the kind as model.json says it.
        var example: String {
            switch self {
            case .pictures:
                #"{"name": "image", "channels": 3, "height": 224, "width": 224}"#
            case .series: #"{"name": "series", "series": true, "channels": 12}"#
            case .symbols, .trees: #"{"name": "tokens", "vocabulary": "vocabulary.json"}"#
            case .steps: #"{"name": "clock", "steps": true}"#
            case .tensors: #"{"name": "x"}"#
            }
        }
    }

    /// As model.json names it.
    public let name: String
    public let input: Input
    /// The last segments of the routes that answer, the one first that says what the model is for.
    public let operations: [String]
    /// The same of a model without outputs, whose states alone can be asked for.
    public private(set) var operationsWithoutOutputs: [String]?
    /// Whether the first output has a number for each label.
    var hasLabels = false
    /// Whether no layer may read a sequence from its end.
    var readsForward = false
    /// What model.json says beside the fields of every model.
    var form: Form?

    /// An object of model.json that only models of one task have.
    struct Form: Sendable {
        let key: String
        let read: @Sendable (JSONFields) throws(ModelError) -> any TaskForm
    }

    init(
        _ name: String,
        _ input: Input,
        operations: [String],
        withoutOutputs: [String]? = nil,
        hasLabels: Bool = false,
        readsForward: Bool = false,
        form: Form? = nil
    ) {
        (self.name, self.input, self.operations) = (name, input, operations)
        operationsWithoutOutputs = withoutOutputs
        (self.hasLabels, self.readsForward, self.form) = (hasLabels, readsForward, form)
    }

    public static func == (first: ModelTask, second: ModelTask) -> Bool {
        first.name == second.name
    }

    /// Every task, in the order of the documentation.
    public static let all: [ModelTask] = [
        imageClassification, imageFeatures, imageDetection, imageSegmentation, nextSymbol,
        sequenceClassification, dynamicalSystem, treeClassification, seriesClassification, tensors,
    ]
}

/// What a manifest says about the values of one task.
protocol TaskForm: Sendable {
    /// Compares it with the network: `shape` is that of a layer or output, for an input of one.
    func check(
        outputs: [String],
        labels: Int,
        shape: (String) throws(ModelError) -> Shape
    ) throws(ModelError)
}
