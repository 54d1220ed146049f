public import Engine
import Files
import Foundation
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

    /// The fields of model.json.
    static let fields =
        [
            "name", "version", "description", "task", "input", "preprocessing", "labels", "scores",
            "outputs", "features", "logits", "numerics", "states", "layers", "score", "examples",
            "source", "licence",
        ] + ModelTask.all.compactMap { $0.form?.key }

    /// Reads the fields; `inferred` stands for those that are not there.
    ///
    /// What is wrong is noted, and with it the manifest is worth nothing: `fields.end()` throws all of it.
    init(
        _ fields: inout JSONFields,
        files: ModelFiles,
        inferred: Inferred? = nil
    ) {
        fields.expect(Self.fields)
        name =
            fields.attempt { (fields) throws(ModelError) in
                try Self.name(&fields, inferred?.name)
            } ?? ""
        version = fields.text("version") ?? "1"
        description = fields.text("description") ?? ""
        let picture = fields.has("input") ? nil : inferred?.picture
        let likely = picture?.task ?? .tensors
        let known = fields.attempt { (fields) throws(ModelError) in
            try Self.task(&fields) ?? (inferred == nil ? .imageFeatures : likely)
        }
        let task = known ?? .tensors
        self.task = task
        numerics =
            fields.attempt { (fields) throws(ModelError) in
                try fields.word("numerics", default: Numerics.fast)
            } ?? .fast
        let read: Input?
        if let inferred, task == .tensors {
            read = inferred.input
        } else if let picture, task.input == .pictures {
            read = picture.input
        } else {
            read = fields.attempt { (fields) throws(ModelError) in
                try Self.input(&fields, files: files, of: task)
            }
        }
        let input = read ?? .tensors(name: "")
        self.input = input
        preprocessing =
            read == nil
            ? nil
            : fields.attempt { (fields) throws(ModelError) in
                try Self.checkedPreprocessing(&fields, of: input)
            } ?? nil
        isChannelsLast =
            preprocessing?.layout.map { $0 == .nhwc } ?? picture?.isChannelsLast ?? false
        outputs = fields.list("outputs") ?? []
        labels =
            fields.attempt { (fields) throws(ModelError) in
                try Self.labels(&fields, files)
            } ?? []
        scores =
            fields.attempt { (fields) throws(ModelError) in
                try fields.optionalWord("scores")
            } ?? nil
        featuresLayer = fields.text("features")
        logits = fields.text("logits")
        form =
            known == nil
            ? nil
            : fields.attempt { (fields) throws(ModelError) in
                try Self.form(of: task, &fields)
            } ?? nil
        source = fields.text("source") ?? ""
        licence = fields.text("licence") ?? ""
        score =
            fields.attempt { (fields) throws(ModelError) in
                try Self.score(&fields)
            } ?? nil
        examples =
            fields.attempt { (fields) throws(ModelError) in
                try Example.read(
                    try fields.strings("examples") ?? [],
                    in: files,
                    field: "\(fields.path), examples"
                )
            } ?? []
    }

    private static func name(
        _ fields: inout JSONFields,
        _ inferred: String?
    ) throws(ModelError) -> String {
        let name = try fields.string("name")
        guard let name = name ?? inferred else { return try fields.requiredString("name") }
        guard isName(name) else { throw fields.mismatch("name", nameForm, .string(name)) }
        return name
    }

    private static func score(_ fields: inout JSONFields) throws(ModelError) -> Score? {
        guard var object = try fields.object("score") else { return nil }
        object.expect(["metric", "value", "data"])
        let score = Score(
            metric: try object.requiredString("metric"),
            value: try object.double("value") ?? 0,
            data: try object.string("data") ?? ""
        )
        object.finish()
        return score
    }

    /// How an input is prepared, held against its channels and sides.
    private static func checkedPreprocessing(
        _ fields: inout JSONFields,
        of input: Input
    ) throws(ModelError) -> Preprocessing? {
        let preprocessing = try preprocessing(&fields, of: input)
        if let preprocessing, case .image(_, let channels, _, _) = input,
            preprocessing.mean.count != channels
        {
            throw .invalidManifest(
                field: "\(fields.path), preprocessing",
                expected: "\(channels) channels, as the input has",
                got: "\(preprocessing.mean.count)"
            )
        }
        try checkCut(preprocessing, of: input, fields.path)
        return preprocessing
    }

    /// A list of labels, the name of a file with one in each line, or labels.txt if there is one.
    private static func labels(
        _ fields: inout JSONFields,
        _ files: ModelFiles
    ) throws(ModelError) -> [String] {
        if fields.hasList("labels") { return try fields.strings("labels") ?? [] }
        if let file = try fields.string("labels") { return try lines(file, in: files) }
        return files.exists("labels.txt") ? try lines("labels.txt", in: files) : []
    }

    /// An object, or a word that stands for one.
    private static func preprocessing(
        _ fields: inout JSONFields,
        of input: Input
    ) throws(ModelError) -> Preprocessing? {
        if fields.hasText("preprocessing"), let name = try fields.string("preprocessing") {
            var side: Int?
            if case .image(_, _, let height?, let width?) = input { side = max(height, width) }
            return try Preprocessing(named: name, side: side, at: "\(fields.path), preprocessing")
        }
        guard let object = try fields.object("preprocessing") else { return nil }
        return switch input {
        case .series(_, let channels, _):
            try Preprocessing(ofSeries: object, channels: channels)
        case .image(_, let channels, _, _): try Preprocessing(object, channels: channels)
        case .tokens, .clock, .tensors: try Preprocessing(object, channels: 1)
        }
    }

    /// What is cut out of a picture must have a size, and lie inside.
    private static func checkCut(
        _ preprocessing: Preprocessing?,
        of input: Input,
        _ path: String
    ) throws(ModelError) {
        guard let side = preprocessing?.shorterSide,
            case .image(_, _, let height, let width) = input
        else { return }
        if let height, let width, height <= side, width <= side { return }
        let size = [height, width].map { $0.map(String.init) ?? "any" }.joined(separator: "x")
        throw .invalidManifest(
            field: "\(path), preprocessing, shorter_side",
            expected: "at least the sides of the input, which has a size",
            got: "\(side) for \(size)"
        )
    }

    private static func task(_ fields: inout JSONFields) throws(ModelError) -> ModelTask? {
        guard let name = try fields.string("task") else { return nil }
        if let task = ModelTask.all.first(where: { $0.name == name }) { return task }
        let known = ModelTask.all.map { "\"\($0.name)\"" }.joined(separator: ", ")
        throw fields.mismatch("task", "one of \(known)", .string(name))
    }

    /// The object that models of this task have, and no others.
    private static func form(
        of task: ModelTask,
        _ fields: inout JSONFields
    ) throws(ModelError) -> (any TaskForm)? {
        for form in ModelTask.all.compactMap(\.form) {
            let object = try fields.object(form.key)
            guard (object != nil) == (form.key == task.form?.key) else {
                let owner = ModelTask.all.first { $0.form?.key == form.key }?.name ?? ""
                throw .invalidManifest(
                    field: "\(fields.path), \(form.key)",
                    expected: "an object if, and only if, the task is \(owner)",
                    got: object == nil ? "nothing" : "an object"
                )
            }
            guard let object else { continue }
            return try form.read(object)
        }
        return nil
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

    private static func input(
        _ fields: inout JSONFields,
        files: ModelFiles,
        of task: ModelTask
    ) throws(ModelError) -> Input {
        guard var object = try fields.object("input") else {
            throw .invalidManifest(
                field: "\(fields.path), input",
                expected: "an object such as \(task.input.example)",
                got: "nothing"
            )
        }
        object.expect([
            "name", "vocabulary", "steps", "series", "channels", "length", "height", "width",
        ])
        let name = try object.requiredString("name")
        let input: Input
        if let file = try object.string("vocabulary") {
            input = .tokens(
                name: name,
                vocabulary: try Vocabulary(file, in: files)
            )
        } else if try object.bool("steps") == true {
            input = .clock(name: name)
        } else if try object.bool("series") == true || name == "series" {
            input = .series(
                name: name,
                channels: try object.int("channels") ?? 1,
                length: try object.int("length")
            )
        } else {
            input = .image(
                name: name,
                channels: try object.int("channels") ?? 1,
                height: try object.int("height"),
                width: try object.int("width")
            )
        }
        object.finish()
        try checkSize(of: input, path: object.path)
        return input
    }

    /// Each side is an integer to 2²⁴, but their product need not be one that a machine can count.
    private static func checkSize(of input: Input, path: String) throws(ModelError) {
        let sides: [Int?] =
            switch input {
            case .image(_, let channels, let height, let width): [channels, height, width]
            case .series(_, let channels, let length): [channels, length]
            case .tokens, .clock, .tensors: []
            }
        let shape = Shape(sides.map { $0 ?? 1 })
        guard let count = shape.checkedCount, count <= mostNumbers else {
            throw .invalidManifest(
                field: path,
                expected: "sides whose product is at most \(mostNumbers)",
                got: "\(shape)"
            )
        }
    }

    private static let mostNumbers = 1 << 31

    private static func lines(
        _ name: String,
        in files: ModelFiles
    ) throws(ModelError) -> [String] {
        let data = try files.text(name, largest: 16 << 20, factor: 64)
        return String(decoding: data, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: true)
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
