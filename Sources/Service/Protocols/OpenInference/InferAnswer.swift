import Compute
import Graph
import Models
import TensorFormats
import Texts

/// An infer request's answer: JSON, then the outputs that are wanted as binary data.
struct InferAnswer {
    let model: Model
    let asked: InferRequest
    let outputs: [(name: String, tensor: Tensor)]
    /// What is said of the state that goes on.
    let carried: [(String, JSON)]
    /// Whether that is among the answer's own members, as a session's route has it, and not a parameter.
    var namesCarried = false

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
        if namesCarried {
            for (name, value) in carried {
                header.key(name)
                value.write(to: &header)
            }
        } else if !carried.isEmpty {
            header.key("parameters")
            JSON.object(carried).write(to: &header)
        }
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
                header.number(shown.elements.byteCount)
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
        let size = tensors.reduce(0) { $0 + $1.byteCount }
        body.reserveCapacity(json.count + size)
        for elements in tensors { BinaryTensors.append(elements, to: &body) }
        return Answer(
            contentType: "application/octet-stream",
            body: body,
            headers: [("Inference-Header-Content-Length", String(json.count))]
        )
    }
}
