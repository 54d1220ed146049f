import Engine
import Files
import Glibc
import Graph

extension Manifest {
    /// Of an ONNX file that comes without a manifest: symbols or pictures where that is certain, else tensors.
    ///
    /// Of pictures pixels are taken as fractions of white: what else a network wants is for a model.json.
    /// Of `symbols` the numbers are the names.
    init(
        name: String,
        version: String,
        signature: ModelSignature,
        graph: Graph,
        symbols: (candidate: SymbolCandidate, count: Int)?
    ) throws(ModelError) {
        guard Self.isName(name) else {
            throw .invalidManifest(field: "name", expected: Self.nameForm, got: "\"\(name)\"")
        }
        let notes = ExporterNotes(graph.metadata)
        self.name = name
        self.version = version
        outputs = signature.outputs.map(\.name)
        logits = nil
        if let (candidate, count) = symbols {
            task = .nextSymbol
            input = .tokens(name: candidate.tokens.name, vocabulary: Vocabulary(numbers: count))
            (outputs, logits) = ([candidate.probabilities], candidate.logits)
            form = nil
        } else if let (picture, head) = Self.detector(signature, notes) {
            (task, input, form) = (.imageDetection, picture, DetectionForm(head))
        } else if let picture = InferredPicture(signature) {
            (task, input, form) = (picture.task, picture.input, nil)
            isChannelsLast = picture.isChannelsLast
        } else {
            (task, form) = (.tensors, nil)
            input = .tensors(name: signature.inputs.first?.name ?? "")
        }
        numerics = .fast
        let isDetector = task == .imageDetection
        preprocessing =
            isDetector ? try Preprocessing(named: "yolo", side: nil, at: "preprocessing") : nil
        (featuresLayer, score, states) = (nil, nil, [:])
        labels = task.input == .pictures ? notes.labels : []
        scores = nil
        (description, source, licence) = ("", "", "")
        examples = []
    }

    /// The picture input and the head of a detector whose exporter says that it is one.
    private static func detector(
        _ signature: ModelSignature,
        _ notes: ExporterNotes
    ) -> (Input, DetectionForm.Head)? {
        guard notes.task == "detect", signature.inputs.count == 1, signature.outputs.count == 1,
            case let (input, output) = (signature.inputs[0], signature.outputs[0]),
            input.type == .float32, input.dimensions.count == 4, input.dimensions[1] == 3,
            output.dimensions.count == 3,
            let height = input.dimensions[2] ?? notes.size?.height,
            let width = input.dimensions[3] ?? notes.size?.width
        else { return nil }
        // Networks that select boxes themselves write six numbers for each.
        let isSelected = output.dimensions[2] == 6 && output.dimensions[1].map { $0 > 6 } ?? false
        return (
            .image(name: input.name, channels: 3, height: height, width: width),
            isSelected ? .rows : .yolov8
        )
    }

    /// What files beside an ONNX file say: model.json, labels.txt, those of Hugging Face; nil if there are none that count.
    init?(
        besideOnnx files: ModelFiles,
        name: String,
        signature: ModelSignature
    ) throws(ModelError) {
        let neighbours = NeighbourFiles(files)
        let picture = InferredPicture(signature, size: neighbours.size)
        let isWritten = files.exists("model.json")
        // Labels or a preparation alone say enough of a classifier of pictures.
        let isSaid =
            files.exists("labels.txt") || neighbours.labels != nil
            || neighbours.preprocessing != nil
        guard isWritten || picture != nil && isSaid else { return nil }
        var fields = try JSONFields(
            isWritten ? JSONValue.read("model.json", in: files) : .object([:]),
            at: "model.json"
        )
        if picture != nil, !fields.has("input") {
            fields.fill("labels", neighbours.labels)
            fields.fill("preprocessing", neighbours.preprocessing)
        }
        let inferred = Inferred(
            name: name,
            input: .tensors(name: signature.inputs.first?.name ?? ""),
            picture: picture
        )
        self = Manifest(&fields, files: files, inferred: inferred)
        states =
            fields.attempt { (fields) throws(ModelError) in try Self.states(&fields) } ?? [:]
        sound =
            fields.attempt { (fields) throws(ModelError) in
                try fields.object("sound").map { (object) throws(ModelError) in
                    try Sound(object)
                }
            } ?? nil
        try fields.end()
        guard let port = signature.inputs.first(where: { $0.name == input.name }) else {
            throw .unknownInput(input.name, available: signature.inputs.map(\.name))
        }
        try sound?.check(port, at: "model.json")
    }

    /// Names of inputs with those of the outputs that continue them.
    private static func states(
        _ fields: inout JSONFields
    ) throws(ModelError) -> [String: String] {
        guard var pairs = try fields.object("states") else { return [:] }
        var states: [String: String] = [:]
        for (input, value) in pairs.takeRest() {
            guard case .string(let output) = value else {
                throw pairs.mismatch(input, "an output's name", value)
            }
            states[input] = output
        }
        return states
    }
}

extension Sound {
    /// - Throws: `invalidManifest` unless the input takes windows of a stated length, `hop` of them new.
    func check(_ input: ModelSignature.Port, at path: String) throws(ModelError) {
        if input.type == .float32, let window = input.dimensions.last ?? nil, window >= hop {
            return
        }
        throw .invalidManifest(
            field: "\(path), sound",
            expected: "an input of float32 whose last size is at least the hop, \(hop)",
            got: input.description
        )
    }
}
