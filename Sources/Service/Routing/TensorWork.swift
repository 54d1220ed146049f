import Graph
import Models

/// A computation of tensors that may be done together with others' of its model.
struct TensorWork: Sendable {
    typealias Outputs = [(name: String, tensor: Tensor)]

    let model: Model
    let inputs: [String: Tensor]
    let outputs: [String]
    /// What an error of the model means to the client.
    let explain: @Sendable (ModelError) -> ServiceError
    /// Makes the answer.
    let finish: @Sendable (Outputs, inout Call) throws(ServiceError) -> Answer

    /// Computes it alone.
    func compute(_ cancellation: Cancellation) throws(ServiceError) -> Outputs {
        do throws(ModelError) {
            return try model.infer(
                inputs,
                outputs: outputs,
                isCancelled: { cancellation.isCancelled }
            )
        } catch {
            throw explain(error)
        }
    }

    /// Elements that requests of so many are computed as together.
    static func batch(for elements: Int) -> Int {
        var size = 1
        while size < elements { size *= 2 }
        return size
    }
}
