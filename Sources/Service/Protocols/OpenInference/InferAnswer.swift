import Compute
import Graph
import Models
import TensorFormats

/// An infer request's answer: JSON, then the outputs that are wanted as binary data.
struct InferAnswer {
    let model: Model
    let asked: InferRequest
    let outputs: [(name: String, tensor: Tensor)]

    func encoded() throws(ServiceError) -> Answer {
        let room = model.answerRoom()
        defer { withExtendedLifetime(room) {} }
        try room.take(outputs)
        var header = JSONWriter(reservingCapacity: 256)
        header.writesNonFinite = true
        header.beginObject()
        header.member("model_name", model.name)
        header.member("model_version", model.version)
        if let id = asked.id { header.member("id", id) }
        header.key("outputs")
        header.beginArray()
        var binaryTensors: [Tensor.Elements] = []
        for (name, tensor) in outputs {
            let wish = asked.wishes?.first { $0.name == name }
            let shown =
                try wish?.classes.map { (count) throws(ServiceError) in
                    try room.take(bytes: Classification.bytes(of: tensor, top: count), for: nil)
                    return try Classification(of: tensor, model, output: name, top: count).tensor
                } ?? tensor
            let isBinary = wish?.isBinary ?? asked.isBinaryByDefault
            try room.take(shown.elements, isBinary: isBinary)
            header.beginObject()
            header.member("name", name)
            header.member("datatype", Datatype(shown.type).rawValue)
            header.key("shape")
            header.array(of: shown.shape.dimensions)
            if isBinary {
                header.key("parameters")
                header.beginObject()
                header.key("binary_data_size")
                header.number(BinaryTensors.byteCount(of: shown.elements))
                header.endObject()
                binaryTensors.append(shown.elements)
            } else {
                header.key("data")
                try header.flat(shown.elements, output: name)
            }
            header.endObject()
        }
        header.endArray()
        header.endObject()
        return answer(header.bytes, binaryTensors)
    }

    private func answer(_ json: [UInt8], _ tensors: [Tensor.Elements]) -> Answer {
        guard !tensors.isEmpty else { return Answer(.json, body: json) }
        var body = json
        let size = tensors.reduce(0) { $0 + BinaryTensors.byteCount(of: $1) }
        body.reserveCapacity(json.count + size)
        for elements in tensors { BinaryTensors.append(elements, to: &body) }
        return Answer(
            contentType: "application/octet-stream",
            body: body,
            headers: [("Inference-Header-Content-Length", String(json.count))]
        )
    }
}

extension JSONWriter {
    mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// A tensor's elements as one flat array.
    ///
    /// - Throws: `nonFiniteResult`, unless such numbers are written, and `json` for texts that are not UTF-8.
    mutating func flat(_ elements: Tensor.Elements, output: String) throws(ServiceError) {
        do throws(JSONError) {
            switch elements {
            case .floats(let values): try array(of: values.span)
            case .doubles(let values): try array(of: values)
            case .halves(let values):
                let floats = values.map { Float($0) }
                try array(of: floats.span)
            case .bfloats(let values):
                let floats = values.map(\.float)
                try array(of: floats.span)
            case .integers(let values): array(of: values)
            case .int32(let values): array(of: values)
            case .int16(let values): array(of: values)
            case .int8(let values): array(of: values)
            case .uint64(let values): array(of: values)
            case .uint32(let values): array(of: values)
            case .uint16(let values): array(of: values)
            case .uint8(let values): array(of: values)
            case .booleans(let values):
                beginArray()
                for value in values { boolean(value) }
                endArray()
            case .strings(let values): try texts(values, output)
            }
        } catch .nonFinite(let index) {
            throw .nonFiniteResult(output: output, index: index)
        } catch {
            throw .json(error)
        }
    }

    private mutating func texts(_ values: [[UInt8]], _ output: String) throws(JSONError) {
        beginArray()
        for value in values {
            guard let text = String(validating: value, as: UTF8.self) else {
                throw .invalid(
                    reason: "The output \(quoted(output)) holds bytes that are not UTF-8 text; "
                        + "ask for it with \"binary_data\": true.",
                    at: JSONPosition(offset: 0, line: 1, column: 1)
                )
            }
            string(text)
        }
        endArray()
    }
}
