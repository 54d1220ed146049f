import Engine
import Graph

/// A sequence while a model reads it: its state stays where the last chunk left it until it is asked for.
///
/// A value like `SequenceState`, but one that may hold the memory of a run: `rest()` gives that back.
public struct SequenceInProgress: Sendable {
    private enum Place {
        case tensors([Tensor])
        /// The outputs of a run that are the states.
        case run(FinishedRun, [Plan.Port])
    }

    /// Steps so far.
    public private(set) var position: Int
    private let pairs: [StatePair]
    private var place: Place

    /// A sequence that goes on from a state of the model's.
    public init(_ model: Model, from state: SequenceState) {
        pairs = model.carriedStates
        (place, position) = (.tensors(state.tensors), state.position)
    }

    /// Where the sequence stands, as a value of its own.
    public var state: SequenceState {
        switch place {
        case .tensors(let tensors): SequenceState(tensors: tensors, position: position)
        case .run(let run, let ports):
            SequenceState(
                tensors: zip(pairs, ports).map { pair, port in
                    Tensor(shape: pair.shape, elements: run.outputs.tensor(port).elements)
                },
                position: position
            )
        }
    }

    /// Takes the state out of the memory of the run that computed it.
    public mutating func rest() { place = .tensors(state.tensors) }

    /// - Throws: `inputShape` for a state that is not one of the model's.
    func check() throws(ModelError) {
        guard case .tensors(let tensors) = place else { return }
        guard tensors.count == pairs.count else {
            throw .inputShape(
                name: "state",
                expected: "\(pairs.count) tensors",
                got: [tensors.count]
            )
        }
        for (pair, tensor) in zip(pairs, tensors) where pair.shape != tensor.shape {
            throw .inputShape(name: pair.input, expected: "\(pair.shape)", got: tensor.shape)
        }
    }

    /// Fills a plan's inputs with the states.
    func fill(_ inputs: inout PlanInputs, of plan: Plan) throws(ModelError) {
        for (index, pair) in pairs.enumerated() {
            let port = try plan.input(named: pair.input)
            switch place {
            case .tensors(let tensors): try inputs.fill(port, tensors[index])
            case .run(let run, let ports): try inputs.fill(port, from: run, ports[index])
            }
        }
    }

    /// Goes on with the states that a run of so many steps has computed.
    ///
    /// - Throws: `inputShape` or `inputType` for an output that is no state.
    mutating func move(by steps: Int, to run: FinishedRun) throws(ModelError) {
        var ports: [Plan.Port] = []
        for pair in pairs {
            let port = try run.output(named: pair.output)
            guard port.shape.count == pair.count else {
                throw .inputShape(name: pair.output, expected: "\(pair.shape)", got: port.shape)
            }
            try port.require(.float32)
            ports.append(port)
        }
        place = .run(run, ports)
        position += steps
    }

    /// Goes on with these states after so many more steps.
    mutating func move(by steps: Int, to tensors: [Tensor]) {
        place = .tensors(tensors)
        position += steps
    }
}
