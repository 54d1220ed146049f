import Compute
import HTTP
import Models
import TensorFormats
import Texts

/// An infer request, read and checked as far as it can be without the network.
struct InferRequest {
    /// How one output is wanted.
    struct Wish {
        let name: String
        let isBinary: Bool
        /// The number of classes wanted instead of the tensor.
        let classes: Int?
    }

    var id: String?
    var tensors = TensorRequest()
    /// nil asks for all outputs in the default form.
    var wishes: [Wish]?
    var isBinaryByDefault = false
    /// Microseconds from the request's arrival.
    var timeout: Int?
    var carried = CarriedOptions()
}

extension Call {
    /// The body as an infer request of `model`.
    mutating func inferRequest(for model: Model) throws(ServiceError) -> InferRequest {
        try request.checkBody(
            expecting: "an inference request: \(RequestForm.openInference.example(for: model))"
        )
        let length = try jsonLength()
        if length == 0, request.body.count > 0 { return try rawRequest(for: model) }
        let document = try readDocument(length ?? request.body.count)
        var asked = InferRequest()
        asked.id = document.id
        asked.isBinaryByDefault = document.parameters.binaryDataOutput ?? false
        try take(document.parameters, into: &asked)
        guard let inputs = document.inputs else {
            throw fault("\"inputs\" is missing.", "missing_field", "inputs")
        }
        var offset = length ?? request.body.count
        for (index, input) in inputs.enumerated() {
            let (name, tensor) = try tensor(input, "inputs[\(index)]", &offset)
            guard asked.tensors.inputs.updateValue(tensor, forKey: name) == nil else {
                throw fault("The input \(quoted(name)) is given twice.", "invalid_value", name)
            }
        }
        guard offset == request.body.count else {
            throw fault(
                "\(request.body.count - offset) bytes follow the tensors that binary_data_size announces.",
                "wrong_size",
                "binary_data_size"
            )
        }
        asked.wishes = try wishes(document.outputs, asked.isBinaryByDefault)
        asked.tensors.outputs = asked.wishes?.map(\.name)
        return asked
    }

    /// Bytes of JSON before the binary tensors; nil when the whole body is JSON.
    func jsonLength() throws(ServiceError) -> Int? {
        let name = "Inference-Header-Content-Length"
        guard let text = request.header(name) ?? jsonLengthOfType else { return nil }
        guard let length = Int(text), (0...request.body.count).contains(length) else {
            throw .invalidHeader(
                name: name,
                expected: "a number from 0 to \(request.body.count), the body's length",
                got: text
            )
        }
        return length
    }

    /// The same as a parameter of the type, as SageMaker passes it on.
    private var jsonLengthOfType: String? {
        guard let type = request.header("Content-Type"), type.utf8.contains(UInt8(ascii: ";"))
        else { return nil }
        let parameter = type.split(separator: ";").map { trimmed($0) }
            .first { $0.hasPrefix("json-header-size=") }
        return parameter.map { String($0.dropFirst("json-header-size=".count)) }
    }

    private func readDocument(_ length: Int) throws(ServiceError) -> InferDocument {
        func read(_ reader: inout JSONReader) throws(ServiceError) -> InferDocument {
            do throws(JSONError) { return try InferDocument(&reader) } catch { throw .json(error) }
        }
        if length == request.body.count {
            return try request.body.readJSON(allowsNonFinite: true, read)
        }
        // The reader needs zeros after the text, and here tensors follow.
        var reader = JSONReader(request.body.copy(0..<length))
        reader.allowsNonFinite = true
        let document = try read(&reader)
        do throws(JSONError) { try reader.end() } catch { throw .json(error) }
        return document
    }

    private func take(
        _ parameters: InferParameters,
        into asked: inout InferRequest
    ) throws(ServiceError) {
        if let reserved = parameters.reserved {
            throw fault("The parameter \(quoted(reserved)) is reserved.", "invalid_value", reserved)
        }
        if let priority = parameters.priority, priority < 0 {
            throw fault("\"priority\" must be 0 or more.", "invalid_value", "priority")
        }
        if let timeout = parameters.timeout {
            guard timeout >= 0 else {
                throw fault(
                    "\"timeout\" must be 0 or more microseconds.",
                    "invalid_value",
                    "timeout"
                )
            }
            asked.timeout = timeout == 0 ? nil : timeout
        }
        asked.carried = parameters.carried
        guard let id = parameters.sequenceID else {
            guard !parameters.sequenceStart, !parameters.sequenceEnd else {
                throw fault(
                    "\"sequence_start\" and \"sequence_end\" need a \"sequence_id\".",
                    "missing_field",
                    "sequence_id"
                )
            }
            return
        }
        asked.tensors.sequence = SequencePlace(
            id: id,
            starts: parameters.sequenceStart,
            ends: parameters.sequenceEnd
        )
    }

    private func wishes(
        _ outputs: [InferDocument.Output]?,
        _ isBinaryByDefault: Bool
    ) throws(ServiceError) -> [InferRequest.Wish]? {
        guard let outputs, !outputs.isEmpty else { return nil }
        var wishes: [InferRequest.Wish] = []
        for (index, output) in outputs.enumerated() {
            guard let name = output.name else {
                throw fault("outputs[\(index)] has no \"name\".", "missing_field", "outputs")
            }
            guard !wishes.contains(where: { $0.name == name }) else {
                throw fault("The output \(quoted(name)) is asked for twice.", "invalid_value", name)
            }
            try refuseSharedMemory(output.parameters)
            if let classes = output.parameters.classification, classes < 0 {
                throw fault("\"classification\" must be 1 or more.", "invalid_value", name)
            }
            let classes = output.parameters.classification.flatMap { $0 > 0 ? $0 : nil }
            wishes.append(
                InferRequest.Wish(
                    name: name,
                    isBinary: output.parameters.binaryData ?? isBinaryByDefault,
                    classes: classes
                )
            )
        }
        return wishes
    }

    func refuseSharedMemory(_ parameters: InferParameters) throws(ServiceError) {
        guard parameters.sharedMemoryRegion != nil else { return }
        throw fault(
            "Tensors in shared memory are not offered here; send them in the request.",
            "unsupported",
            "shared_memory_region"
        )
    }
}
