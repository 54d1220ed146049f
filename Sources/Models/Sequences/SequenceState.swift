public import Graph

/// What a recurrent model remembers between two calls: one tensor of float32 for each state of its layers.
///
/// A value: copying it branches the sequence.
public struct SequenceState: Sendable, Equatable {
    /// In the order of the model's states, and in their shapes for one sequence.
    public internal(set) var tensors: [Tensor]

    /// Steps so far: symbols or rows of a series read, or requests of tensors.
    public internal(set) var position = 0

    /// A state as it was stored; whether it is one of a model is for `Model.takes` to say.
    public init(tensors: [Tensor], position: Int = 0) {
        self.tensors = tensors
        self.position = position
    }
}

extension Model {
    /// The state before the first symbol: zeros.
    public func initialState() -> SequenceState {
        SequenceState(tensors: carriedStates.map(\.zeros))
    }

    /// Numbers a state holds.
    public var stateCount: Int { carriedStates.reduce(0) { $0 + $1.count } }

    /// A state given by its numbers, `stateCount` of them.
    ///
    /// They are in the order of the layers, of an LSTM the hidden state first; another number of them throws
    /// `inputShape`.
    public func state(of values: [Float]) throws(ModelError) -> SequenceState {
        guard values.count == stateCount else {
            throw .inputShape(name: "state", expected: "[\(stateCount)]", got: [values.count])
        }
        var state = initialState()
        var start = 0
        for (index, pair) in carriedStates.enumerated() {
            state.tensors[index] = Tensor(
                shape: pair.shape,
                floats: Array(values[start..<start + pair.count])
            )
            start += pair.count
        }
        return state
    }

    /// The states that go on from call to call: none where a layer needs whole sequences.
    var carriedStates: [StatePair] { backwardLayer == nil ? states : [] }
}

extension Model {
    /// The inputs that carry states from call to call, each with the value that continues it.
    public var stateNames: [(input: String, output: String)] {
        carriedStates.map { ($0.input, $0.output) }
    }
}

extension Model {
    /// The axis of the first input along which sequences or pictures lie side by side.
    ///
    /// Of symbols the first axis is time, the second the batch, unless an ONNX file has it otherwise.
    public var batchAxis: Int {
        guard manifest.input.symbolCount != nil else { return 0 }
        return reading?.timeAxis == 1 ? 0 : 1
    }
}

extension StatePair {
    /// The state before the first step.
    var zeros: Tensor {
        Tensor(shape: shape, floats: Array(repeating: 0, count: count))
    }
}

extension SequenceState {
    /// The state after so many more steps.
    public func moved(by steps: Int, to tensors: [Tensor]) -> SequenceState {
        SequenceState(tensors: tensors, position: position + steps)
    }
}

extension Model {
    /// Whether a state is one of this model's: as many tensors, of sizes that its inputs take.
    public func takes(_ state: SequenceState) -> Bool {
        let pairs = carriedStates
        guard state.tensors.count == pairs.count else { return false }
        return zip(pairs, state.tensors).allSatisfy { pair, tensor in
            let port = signature.inputs.first { $0.name == pair.input }
            return tensor.type == .float32 && (try? port?.check(tensor)) != nil
        }
    }

    /// Whether it is the state of one sequence, and not of several side by side.
    public func isOfOneSequence(_ state: SequenceState) -> Bool {
        state.tensors.count == carriedStates.count
            && zip(carriedStates, state.tensors).allSatisfy { $0.shape == $1.shape }
    }

    /// Steps that an input of this shape has: symbols, rows of a series, or one for tensors.
    public func steps(in shape: Shape) -> Int {
        if manifest.input.isSeries { return shape.dimensions.last ?? 1 }
        guard let reading, reading.timeAxis < shape.rank else { return 1 }
        return shape[reading.timeAxis]
    }
}
