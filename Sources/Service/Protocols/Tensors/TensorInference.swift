import Compute
import Graph
import Models
import Telemetry

extension Call {
    /// Has the answer computed, together with others' where that may pay, and made by `finish`.
    mutating func infer(
        _ asked: TensorRequest,
        _ options: CarriedOptions = CarriedOptions(),
        finish: @escaping @Sendable (TensorWork.Outputs, inout Call) throws(ServiceError) -> Answer
    ) throws(ServiceError) -> Answer {
        let model = try model
        guard route.joins, model.isMemoryBound, let sides = model.sideBySide,
            model.elements(of: asked.inputs, sides) != nil
        else {
            if isCompanion { return .declined }
            return try finish(try infer(asked, options), &self)
        }
        stopwatch.enter(.compute)
        inferences = model.elements(of: asked.inputs, sides) ?? 1
        if let place = asked.sequence, session == nil { try beginSequence(place, of: model) }
        let carries = session != nil || options.state != nil || options.returnsState
        let start = carries ? try carriedState(of: model, options) : nil
        let (given, wanted) = try inputs(asked, model, from: start)
        let (pairs, route) = (model.stateNames, route)
        let cancellation = cancellation
        return Answer(
            TensorWork(
                model: model,
                inputs: given.inputs,
                outputs: given.outputs ?? [],
                explain: { Self.explain($0, of: model, to: route, cancellation) },
                finish: { (outputs, call) throws(ServiceError) in
                    if let start {
                        let next = Self.next(start, outputs, pairs, steps: 1)
                        call.carriedAnswer = try call.carry(next, addsPosition: true)
                    }
                    return try finish(Array(outputs.prefix(wanted)), &call)
                }
            )
        )
    }

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
                client,
                holder
            )
            step.ends = place.ends
            session = step
        } catch {
            throw .sequence(place.id, error)
        }
    }

    private func run(
        _ asked: TensorRequest,
        _ model: Model,
        from start: CarriedState,
        steps: Int
    ) throws(ServiceError) -> (answer: [(name: String, tensor: Tensor)], next: CarriedState) {
        let (given, wanted) = try inputs(asked, model, from: start)
        let answer = try run(given, model)
        let next = Self.next(start, answer, model.stateNames, steps: steps)
        return (Array(answer.prefix(wanted)), next)
    }

    /// What is asked with states and their successors, and how many of the outputs are the client's wish.
    ///
    /// States that the request gives itself stand for those carried.
    private func inputs(
        _ asked: TensorRequest,
        _ model: Model,
        from start: CarriedState?
    ) throws(ServiceError) -> (asked: TensorRequest, wanted: Int) {
        var asked = asked
        let wanted = asked.outputs ?? model.signature.outputs.map(\.name)
        asked.outputs = wanted
        guard let start else { return (asked, wanted.count) }
        if start.unread != nil {
            throw .session(
                session?.name.id ?? "",
                .invalidState(
                    reason: "its last symbol was drawn and not read: go on by symbols, not tensors"
                )
            )
        }
        let pairs = model.stateNames
        for (pair, tensor) in zip(pairs, start.state.tensors) where asked.inputs[pair.input] == nil
        {
            asked.inputs[pair.input] = tensor
        }
        asked.outputs = wanted + pairs.map(\.output).filter { !wanted.contains($0) }
        return (asked, wanted.count)
    }

    /// The state after these outputs.
    private static func next(
        _ start: CarriedState,
        _ outputs: TensorWork.Outputs,
        _ pairs: [(input: String, output: String)],
        steps: Int
    ) -> CarriedState {
        let values = Dictionary(outputs.map { ($0.name, $0.tensor) }) { first, _ in first }
        let tensors = pairs.compactMap { values[$0.output] }
        return CarriedState(state: start.state.moved(by: steps, to: tensors))
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
            throw Self.explain(error, of: model, to: route, cancellation)
        }
    }

    /// What an error of the model means to a client that sent tensors.
    private static func explain(
        _ error: ModelError,
        of model: Model,
        to route: Route,
        _ cancellation: Cancellation
    ) -> ServiceError {
        switch error {
        case .unknownInput, .missingInput, .inputType, .inputShape, .shape, .unknownLayer,
            .tokenOutOfRange, .indexOutOfRange:
            .tensor(TensorFault(error, for: model, route.requestForm))
        default: cancellation.explain(error)
        }
    }
}
