import Engine
import Files
import Foundation
import Graph

extension Manifest {
    /// Of an ONNX file that comes without a manifest: symbols or pictures where that is certain, else tensors.
    ///
    /// Certain is a classifier: one float32 input [N, 1 or 3, H, W] of fixed size with one output [N, K]. Pixels are taken
    /// as fractions of white: what else a network wants is for a model.json.
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
        self.name = name
        self.version = version
        outputs = signature.outputs.map(\.name)
        logits = nil
        if let (candidate, count) = symbols {
            task = .nextSymbol
            input = .tokens(name: candidate.tokens.name, vocabulary: Vocabulary(numbers: count))
            (outputs, logits) = ([candidate.probabilities], candidate.logits)
        } else if let picture = Self.picture(signature) {
            task = .imageClassification
            input = picture
        } else {
            task = .tensors
            input = .tensors(name: signature.inputs.first?.name ?? "")
        }
        numerics = .fast
        (preprocessing, featuresLayer, form, score, states) = (nil, nil, nil, nil, [:])
        scores = nil
        (description, source, licence) = ("", "", "")
        (labels, examples) = ([], [])
    }

    private static func picture(_ signature: ModelSignature) -> Input? {
        guard signature.inputs.count == 1, signature.outputs.count == 1,
            case let (input, output) = (signature.inputs[0], signature.outputs[0]),
            input.type == .float32, output.type == .float32, input.dimensions.count == 4,
            output.dimensions.count == 2, let channels = input.dimensions[1],
            channels == 1 || channels == 3,
            let height = input.dimensions[2], let width = input.dimensions[3], height > 1,
            width > 1,
            output.dimensions[1] != nil
        else { return nil }
        return .image(name: input.name, channels: channels, height: height, width: width)
    }

    /// The model.json or labels.txt beside an ONNX file; nil if there is neither.
    init?(
        besideOnnx files: ModelFiles,
        name: String,
        signature: ModelSignature
    ) throws(ModelError) {
        // Labels in a file of their own say enough of a classifier of pictures.
        let isWritten = files.exists("model.json")
        guard isWritten || Self.picture(signature) != nil && files.exists("labels.txt") else {
            return nil
        }
        var fields = try JSONFields(
            isWritten ? JSONValue.read("model.json", in: files) : .object([:]),
            at: "model.json"
        )
        let inferred = Inferred(
            name: name,
            input: .tensors(name: signature.inputs.first?.name ?? ""),
            picture: Self.picture(signature)
        )
        self = try Manifest(&fields, files: files, inferred: inferred)
        if let pairs = try fields.object("states") {
            var pairs = pairs
            for (input, value) in pairs.takeRest() {
                guard case .string(let output) = value else {
                    throw pairs.mismatch(input, "an output's name", value)
                }
                states[input] = output
            }
        }
        try fields.finish()
        guard signature.inputs.contains(where: { $0.name == input.name }) else {
            throw .unknownInput(input.name, available: signature.inputs.map(\.name))
        }
    }
}
