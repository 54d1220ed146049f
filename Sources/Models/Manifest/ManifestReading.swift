import Texts
import Engine
import Files
import Glibc
import Graph

/// How a manifest is read.
extension Manifest {
    /// The fields of model.json.
    static let fields =
        [
            "name", "version", "description", "task", "input", "preprocessing", "labels", "scores",
            "outputs", "features", "logits", "numerics", "states", "sound", "layers", "score",
            "examples",
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
            .map { String(trimmed($0)) }
    }
}
