import Compute
import Graph
import Models
import Telemetry

extension Call {
    /// Computes the answer and copies it out, in the order asked for.
    mutating func infer(
        _ asked: TensorRequest
    ) throws(ServiceError) -> [(name: String, tensor: Tensor)] {
        let model = try model
        stopwatch.enter(.compute)
        let axis = model.batchAxis
        let shape = asked.inputs[model.manifest.input.name]?.shape ?? []
        inferences = axis < shape.rank ? shape[axis] : 1
        try cancellation.check()
        let answer =
            if let sequence = asked.sequence {
                try host.sequences.advance(model, asked, sequence, of: client) {
                    (asked) throws(ServiceError) in try run(asked, model)
                }
            } else {
                try run(asked, model)
            }
        stopwatch.enter(.encode)
        return answer
    }

    private func run(
        _ asked: TensorRequest,
        _ model: Model
    ) throws(ServiceError) -> [(name: String, tensor: Tensor)] {
        do throws(ModelError) {
            return try model.infer(
                asked.inputs,
                outputs: asked.outputs,
                isCancelled: { cancellation.isCancelled }
            )
        } catch {
            throw explain(error, model)
        }
    }

    /// What an error of the model means to a client that sent tensors.
    private func explain(
        _ error: ModelError,
        _ model: Model
    ) -> ServiceError {
        switch error {
        case .unknownInput, .missingInput, .inputType, .inputShape, .shape, .unknownLayer,
            .tokenOutOfRange, .indexOutOfRange:
            .tensor(TensorFault(error, for: model, route.requestForm))
        default: cancellation.explain(error)
        }
    }
}
