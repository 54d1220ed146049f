import Compute
import Graph
import Models
import Telemetry

extension Call {
    /// Computes the answer and copies it out, in the order asked for.
    ///
    /// In a session, a sequence or with a state's token, states go in that the request does not give itself, and those
    /// after them are carried.
    mutating func infer(
        _ asked: TensorRequest,
        _ options: CarriedOptions = CarriedOptions()
    ) throws(ServiceError) -> [(name: String, tensor: Tensor)] {
        let model = try model
        stopwatch.enter(.compute)
        let axis = model.batchAxis
        let shape = asked.inputs[model.manifest.input.name]?.shape ?? []
        inferences = axis < shape.rank ? shape[axis] : 1
        try cancellation.check()
        if let place = asked.sequence, session == nil { try beginSequence(place, of: model) }
        guard session != nil || options.state != nil || options.returnsState else {
            let answer = try run(asked, model)
            stopwatch.enter(.encode)
            return answer
        }
        let start = try carriedState(of: model, options)
        let (answer, next) = try run(asked, model, from: start, steps: model.steps(in: shape))
        carriedAnswer = try carry(next, addsPosition: true)
        stopwatch.enter(.encode)
        return answer
    }

    /// The sequence's session, begun if it starts here.
    mutating func beginSequence(
        _ place: SequencePlace,
        of model: Model
    ) throws(ServiceError) {
        do throws(SessionFault) {
            guard model.hasStates else { throw model.withoutStates }
            let step = try host.sessions.sequenceStep(
                SessionName(sequence: place.id, of: model, client),
                of: model,
                starts: place.starts,
                ttl: configuration.sessionSeconds,
                client
            )
            step.ends = place.ends
            session = step
        } catch {
            throw .sequence(place.id, error)
        }
    }

    /// States that the request gives itself stand for those carried.
    private func run(
        _ asked: TensorRequest,
        _ model: Model,
        from start: CarriedState,
        steps: Int
    ) throws(ServiceError) -> (answer: [(name: String, tensor: Tensor)], next: CarriedState) {
        if start.unread != nil {
            throw .session(
                session?.name.id ?? "",
                .invalidState(
                    reason: "its last symbol was drawn and not read: go on by symbols, not tensors"
                )
            )
        }
        let pairs = model.stateNames
        var asked = asked
        for (pair, tensor) in zip(pairs, start.state.tensors) where asked.inputs[pair.input] == nil {
            asked.inputs[pair.input] = tensor
        }
        let wanted = asked.outputs ?? model.signature.outputs.map(\.name)
        asked.outputs = wanted + pairs.map(\.output).filter { !wanted.contains($0) }
        let answer = try run(asked, model)
        let values = Dictionary(answer.map { ($0.name, $0.tensor) }) { first, _ in first }
        let next = start.state.moved(by: steps, to: pairs.compactMap { values[$0.output] })
        return (Array(answer.prefix(wanted.count)), CarriedState(state: next))
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
