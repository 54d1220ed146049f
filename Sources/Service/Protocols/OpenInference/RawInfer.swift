import Compute
import Graph
import HTTP
import Models
import Texts

extension Call {
    /// A body that is nothing but the model's one input (a header length of 0); the answer is binary too.
    func rawRequest(for model: Model) throws(ServiceError) -> InferRequest {
        let inputs = model.signature.inputs.filter { !$0.isOptional }
        guard let port = inputs.first, inputs.count == 1 else {
            throw fault(
                "\(quoted(model.name)) has \(inputs.count) inputs: a body of raw bytes can only be one.",
                "invalid_value",
                nil
            )
        }
        let datatype = Datatype(port.type)
        let shape = try rawShape(of: port, datatype)
        let bytes = 0..<request.body.count
        let elements: Tensor.Elements =
            datatype == .bytes
            ? .strings([request.body.copy(bytes)])
            : try binary(bytes, as: datatype, count: shape.count, shape: shape, name: port.name)
        var asked = InferRequest()
        asked.tensors.inputs[port.name] = Tensor(shape: shape, elements: elements)
        asked.isBinaryByDefault = true
        return asked
    }

    /// A batch of one; of the other dimensions one may vary, and follows from the number of bytes.
    private func rawShape(
        of port: ModelSignature.Port,
        _ datatype: Datatype
    ) throws(ServiceError) -> Shape {
        var dimensions = port.dimensions
        if dimensions.filter({ $0 == nil }).count > 1, dimensions.first == .some(nil) {
            dimensions[0] = 1
        }
        let known = dimensions.compactMap { $0 }.reduce(1, *)
        switch dimensions.filter({ $0 == nil }).count {
        case 0: return Shape(dimensions.compactMap { $0 })
        case 1:
            let size = known * (datatype.byteCount ?? request.body.count)
            guard size > 0, request.body.count % size == 0 else {
                throw fault(
                    "The body has \(request.body.count) bytes, which is no multiple of \(size).",
                    "wrong_size",
                    port.name
                )
            }
            return Shape(dimensions.map { $0 ?? request.body.count / size })
        default:
            throw fault(
                "The input \(quoted(port.name)) has more than one dimension that varies: its shape must be sent.",
                "invalid_value",
                port.name
            )
        }
    }
}
