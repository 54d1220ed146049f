/// Why a model can't be loaded, planned or run.
public enum ModelError: Error, Equatable, Sendable {
    /// A file of the model folder is missing or unreadable.
    case file(name: String, reason: String)
    /// A mistake in model.json, vocabulary or check vectors: where, what was expected, what came.
    case invalidManifest(field: String, expected: String, got: String)
    /// A weights file that contradicts itself or the manifest.
    /// A field nobody knows; `hint` may say what was meant.
    case unknownField(field: String, hint: String)
    case invalidWeights(String)
    case unsupportedOperator(node: String, op: String)
    /// Everything in a file that is not supported, at once.
    case several([ModelError])
    case invalidAttribute(node: String, attribute: String, expected: String, got: String)
    /// Shapes that do not fit together, found while a plan is built.
    case shape(node: String, reason: String)
    case unknownLayer(String, available: [String])
    case unknownInput(String, available: [String])
    case missingInput(name: String, expected: String)
    case inputType(name: String, expected: String, got: String)
    case inputShape(name: String, expected: String, got: Shape)
    /// The model's vocabulary has no such index. Positions count from 0 here, and from 1 in sentences.
    case tokenOutOfRange(position: Int, token: Int, count: Int)
    /// A number of an input selects something that is not there; one of `count`, from the end if negative.
    case indexOutOfRange(input: String, position: Int, index: Int, count: Int)
    case tooLarge(bytes: Int, limit: Int)
    /// Memory that other requests and models have taken.
    case outOfMemory(bytes: Int)
    /// A model that reads backward needs a sequence whole, in one call.
    case notStreamable(layer: String)
    /// More steps than a model that reads backward takes.
    case sequenceTooLong(limit: Int, got: Int)
    case wrongTask(model: String, task: String)
    case cancelled
    case nonFinite(output: String, index: Int)
    /// A check vector was missed: the model is not served.
    case checkFailed(output: String, index: Int, expected: Float, got: Float, tolerance: Float)
}

extension ModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let name, let reason):
            "\(name): \(reason)"
        case .invalidManifest(let field, let expected, let got):
            "\(field): expected \(expected), got \(got)"
        case .unknownField(let field, let hint):
            "\(field): no such field" + (hint.isEmpty ? "" : " (\(hint))")
        case .invalidWeights(let reason):
            "the weights do not fit: \(reason)"
        case .unsupportedOperator(let node, let op):
            "layer \"\(node)\": the operator \"\(op)\" is not supported"
        case .several(let problems):
            problems.map(\.description).joined(separator: "; ")
        case .invalidAttribute(let node, let attribute, let expected, let got):
            "layer \"\(node)\", attribute \"\(attribute)\": expected \(expected), got \(got)"
        case .shape(let node, let reason):
            "layer \"\(node)\": \(reason)"
        case .unknownLayer(let name, let available):
            "there is no layer \"\(name)\"; the layers are \(available.joined(separator: ", "))"
        case .unknownInput(let name, let available):
            "there is no input \"\(name)\"; the inputs are \(available.joined(separator: ", "))"
        case .missingInput(let name, let expected):
            "input \"\(name)\" is missing, expected \(expected)"
        case .inputType(let name, let expected, let got):
            "input \"\(name)\" is \(got), expected \(expected)"
        case .inputShape(let name, let expected, let got):
            "input \"\(name)\" has shape \(got), expected \(expected)"
        case .tokenOutOfRange(let position, let token, let count):
            "token \(token) at position \(position + 1) is outside of the vocabulary's 0…\(count - 1)"
        case .indexOutOfRange(let input, let position, let index, let count):
            "input \"\(input)\": number \(position + 1) is \(index), but selects one of \(count): "
                + "expected \(-count) to \(count - 1)"
        case .tooLarge(let bytes, let limit):
            "computing this needs \(bytes >> 20) MiB of memory, more than the limit of \(limit >> 20) MiB"
        case .outOfMemory(let bytes):
            "computing this needs \(bytes >> 20) MiB of memory, more than is free now"
        case .notStreamable(let layer):
            "layer \"\(layer)\" reads backward: the model needs the whole sequence in one call"
        case .sequenceTooLong(let limit, let got):
            "the sequence has \(got) steps; a model that reads backward takes at most \(limit)"
        case .wrongTask(let model, let task):
            "the model \"\(model)\" does not do this: its task is \(task)"
        case .cancelled:
            "the computation was cancelled"
        case .nonFinite(let output, let index):
            "the result is not a finite number: \"\(output)\", number \(index + 1)"
        case .checkFailed(let output, let index, let expected, let got, let tolerance):
            "check vector missed: \"\(output)\", number \(index + 1) is \(got), "
                + "expected \(expected) within \(tolerance)"
        }
    }
}
