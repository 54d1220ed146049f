import Compute
import Graph
import HTTP
import Models
import TensorFormats
import Texts

/// `POST /v1/models/{m}:classify` and `:regress` of TensorFlow Serving: examples of flat features.
enum ClassifyExamples {
    static let routes =
        TensorFlowServing.paths(":classify").map {
            route(
                $0,
                "labels with scores",
                results: [[["Shirt", .number(0.93)], ["Coat", .number(0.05)]]],
                classify
            )
        }
        + TensorFlowServing.paths(":regress").map {
            route($0, "a number each", results: [.number(0.25)], regress)
        }

    private static func route(
        _ template: String,
        _ answers: String,
        results: JSON,
        _ answer: @escaping @Sendable (inout Call) throws(ServiceError) -> Answer
    ) -> Route {
        Route(
            method: .post,
            template: template,
            summary: "TensorFlow Serving: {\"examples\": [{feature: values}]} to \(answers).",
            body: .tensors,
            placement: .queue,
            forms: [],
            conventions: .tensorFlow,
            document: RouteDocument(
                request: Schema.object("ExamplesRequest", [("examples", Schema.nested)]),
                requestExample: ["examples": [["x": [0, 1]]]],
                answer: Schema.object("ResultsResponse", [("results", Schema.nested)]),
                answerExample: ["results": results]
            ),
            answer: answer
        )
    }

    /// A list of a label and a number, and the text of both.
    private static let bytesPerClass = 400

    @Sendable private static func classify(_ call: inout Call) throws(ServiceError) -> Answer {
        let model = try call.model
        let (name, tensor) = try firstOutput(&call)
        guard let values = tensor.floats, tensor.shape.rank >= 1, tensor.shape[0] > 0 else {
            throw call.fault("The model does not classify.", "wrong_task", nil)
        }
        let count = values.count / tensor.shape[0]
        try call.checkAnswer(numbers: values.count, each: Self.bytesPerClass)
        let labels = model.labels(of: name, count: count)
        let results = (0..<tensor.shape[0]).map { row -> JSON in
            .array(
                (0..<count).map { index in
                    let label = labels.isEmpty ? String(index) : labels[index]
                    return [.string(label), .float(values[row * count + index])]
                }
            )
        }
        return Answer(.json, body: JSON.object([("results", .array(results))]).textOfAnyNumbers)
    }

    @Sendable private static func regress(_ call: inout Call) throws(ServiceError) -> Answer {
        let (name, tensor) = try firstOutput(&call)
        guard let values = tensor.floats, tensor.shape.rank >= 1, values.count == tensor.shape[0]
        else {
            throw call.fault(
                "The output \(quoted(name)) is \(tensor.shape): a regression has one number for each example.",
                "wrong_task",
                nil
            )
        }
        try call.checkAnswer(numbers: values.count)
        let results = JSON.tensor(shape: [values.count], values: values)
        return Answer(.json, body: JSON.object([("results", results)]).textOfAnyNumbers)
    }

    /// The model's first output for the body's examples.
    private static func firstOutput(
        _ call: inout Call
    ) throws(ServiceError) -> (name: String, tensor: Tensor) {
        let model = try call.model
        try call.request.checkBody(expecting: #"{"examples": [{"feature": [0.5, …]}]}"#)
        let document = try call.request.body.readJSON(allowsNonFinite: true) {
            (reader) throws(ServiceError) in
            do throws(JSONError) {
                return try ExamplesDocument(&reader, for: model.signature)
            } catch {
                throw .json(error)
            }
        }
        if let mistake = document.mistake { throw call.fault(mistake, "invalid_value", nil) }
        try call.checkSignatureName(document.signatureName)
        var asked = TensorRequest()
        for (name, tensor) in document.tensors {
            asked.inputs[name] = try call.pictures(document.shaped(tensor, name), for: name)
        }
        asked.outputs = model.signature.outputs.first.map { [$0.name] }
        guard let first = try call.infer(asked).first else {
            throw call.fault("The model has no output.", "wrong_task", nil)
        }
        return first
    }
}

/// The body of a classify or regress request.
private struct ExamplesDocument {
    let tensors: [String: Tensor]
    let signatureName: String?
    let mistake: String?
    private let signature: ModelSignature

    init(_ reader: inout JSONReader, for signature: ModelSignature) throws(JSONError) {
        self.signature = signature
        var context: [String: JSONReader] = [:]
        var (name, collected): (String?, ([String: Tensor], String?)) = (nil, ([:], nil))
        try reader.object { (key, reader) throws(JSONError) in
            if try reader.null() { return }
            switch key {
            case "signature_name": name = try reader.string()
            case "context":
                try reader.object { (name, reader) throws(JSONError) in context[name] = reader }
            case "examples": collected = try Self.read(&reader, context, signature)
            default: break
            }
        }
        signatureName = name
        (tensors, mistake) = collected
    }

    /// The context's features stand in every example that has none of the name.
    private static func read(
        _ reader: inout JSONReader,
        _ context: [String: JSONReader],
        _ signature: ModelSignature
    ) throws(JSONError) -> ([String: Tensor], String?) {
        var collected = NamedElements(signature)
        try reader.array { (_, reader) throws(JSONError) in
            var names: Set<String> = []
            try reader.object { (name, reader) throws(JSONError) in
                names.insert(name)
                try collected.add(name, &reader, isRow: true)
            }
            for (name, place) in context where !names.contains(name) {
                var place = place
                try collected.add(name, &place, isRow: true)
            }
        }
        return collected.finish()
    }

    /// Flat features in the shape of their input, where its size is known.
    func shaped(_ tensor: Tensor, _ name: String) -> Tensor {
        guard let port = signature.inputs.first(where: { $0.name == name }),
            let batch = tensor.shape.dimensions.first
        else { return tensor }
        let sizes = port.dimensions.dropFirst()
        let known = sizes.compactMap { $0 }
        guard known.count == sizes.count, batch * known.reduce(1, *) == tensor.count else {
            return tensor
        }
        return Tensor(shape: Shape([batch] + known), elements: tensor.elements)
    }
}
