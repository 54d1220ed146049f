import Graph
import Models
import Texts

extension TensorFault {
    init(_ sentence: String, code: String, field: String?, for model: Model, _ form: RequestForm) {
        self.sentence = sentence
        self.code = code
        self.field = field
        signature = SignatureText(model).text
        example = form.example(for: model)
    }

    /// What a model says of its inputs, with its types and shapes in the protocol's words.
    init(_ error: ModelError, for model: Model, _ form: RequestForm) {
        let description = sentenceOf(error, model)
        self.init(
            description.text,
            code: error.code,
            field: description.field,
            for: model,
            form
        )
    }
}

private func sentenceOf(_ error: ModelError, _ model: Model) -> (text: String, field: String?) {
    func port(_ name: String) -> String {
        model.signature.inputs.first { $0.name == name }.map { SignatureText.port($0) } ?? ""
    }
    return switch error {
    case .missingInput(let name, _):
        ("The input \(quoted(name)) is missing: \(quoted(model.name)) takes \(port(name)).", name)
    case .inputType(let name, _, let got):
        (
            "The input \(quoted(name)) is \(SignatureText.protocolWords(got)), but "
                + "\(quoted(model.name)) takes \(port(name)).",
            name
        )
    case .inputShape(let name, _, let got):
        (
            "The input \(quoted(name)) has the shape \(got), but \(quoted(model.name)) takes "
                + "\(port(name)).",
            name
        )
    case .unknownInput(let name, let available):
        (
            "\(quoted(model.name)) has no input \(quoted(name)); its inputs are "
                + "\(listed(available, "and")).",
            name
        )
    case .unknownLayer(let name, let available):
        (
            "\(quoted(model.name)) has no output or layer \(quoted(name)); there are "
                + "\(listed(available, "and")).",
            name
        )
    default: (sentence(error.description), nil)
    }
}

/// A model's inputs and outputs in the words of the Open Inference Protocol.
struct SignatureText {
    let text: String

    init(_ model: Model) {
        let signature = model.signature
        let inputs = signature.inputs.map { port in
            "\(port.name) \(Self.port(port))" + (port.isOptional ? " (optional)" : "")
        }
        let outputs = signature.outputs.map { "\($0.name) \(Self.port($0))" }
        text = "\(inputs.joined(separator: ", ")) → \(outputs.joined(separator: ", "))"
    }

    /// Such as `FP32 [-1, 1, 28, 28]`; −1 may vary.
    static func port(_ port: ModelSignature.Port) -> String {
        let dimensions = port.dimensions.map { String($0 ?? -1) }.joined(separator: ", ")
        return "\(Datatype(port.type).rawValue) [\(dimensions)]"
    }

    /// A description that begins with a type of the engine's, in the protocol's words.
    static func protocolWords(_ text: String) -> String {
        let word = text.prefix { $0 != " " }
        guard let type = ElementType(rawValue: String(word)) else { return text }
        return Datatype(type).rawValue + text.dropFirst(word.count)
    }
}

/// How requests of tensors are written.
enum RequestForm: Sendable {
    case openInference
    case tensorFlow

    /// A request the model takes, its numbers cut short.
    func example(for model: Model) -> String {
        let inputs = model.signature.inputs.filter { !$0.isOptional }
        switch self {
        case .openInference:
            let tensors = inputs.map { port in
                let shape = port.dimensions.map { $0 ?? 1 }
                let sizes = shape.map(String.init).joined(separator: ", ")
                return "{\"name\": \"\(port.name)\", "
                    + "\"datatype\": \"\(Datatype(port.type).rawValue)\", "
                    + "\"shape\": [\(sizes)], \"data\": \(Self.flat(port, shape))}"
            }
            return "{\"inputs\": [\(tensors.joined(separator: ", "))]}"
        case .tensorFlow:
            let rows = inputs.map { port -> (String, String) in
                let shape = port.dimensions.dropFirst().map { $0 ?? 1 }
                return (port.name, Self.nested(port, shape[...]))
            }
            guard rows.count > 1 else {
                return "{\"instances\": [\(rows.first?.1 ?? "")]}"
            }
            let members = rows.map { "\"\($0)\": \($1)" }.joined(separator: ", ")
            return "{\"instances\": [{\(members)}]}"
        }
    }

    private static func flat(_ port: ModelSignature.Port, _ shape: [Int]) -> String {
        let count = shape.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        let values = Array(repeating: zero(port.type), count: min(max(count, 0), 3))
        return "[\(values.joined(separator: ", "))\(count > 3 ? ", …" : "")]"
    }

    private static func nested(_ port: ModelSignature.Port, _ shape: ArraySlice<Int>) -> String {
        guard let length = shape.first else { return zero(port.type) }
        let inner = nested(port, shape.dropFirst())
        return "[\(inner)\(length > 1 ? ", …" : "")]"
    }

    private static func zero(_ type: ElementType) -> String {
        switch type {
        case .bool: "false"
        case .string: "\"\""
        case .float32, .float64, .float16, .bfloat16: "0.0"
        default: "0"
        }
    }
}

extension Route {
    /// How its requests of tensors are written.
    var requestForm: RequestForm { conventions == .tensorFlow ? .tensorFlow : .openInference }
}

extension Call {
    /// An error with the model's signature and an example.
    func fault(_ sentence: String, _ code: String, _ field: String?) -> ServiceError {
        do throws(ServiceError) {
            return .tensor(
                TensorFault(sentence, code: code, field: field, for: try model, route.requestForm)
            )
        } catch {
            return error
        }
    }
}
