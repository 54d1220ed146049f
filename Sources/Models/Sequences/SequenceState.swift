public import Graph

/// What a recurrent model remembers between two calls: one list of numbers per state of its layers.
///
/// A value: copying it branches the sequence.
public struct SequenceState: Sendable, Equatable {
    /// In the order of the model's states.
    var values: [[Float]]

    /// Symbols consumed so far.
    public internal(set) var position = 0
}

extension Model {
    /// The state before the first symbol: zeros.
    public func initialState() -> SequenceState {
        SequenceState(values: carriedStates.map { Array(repeating: 0, count: $0.count) })
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
            state.values[index] = Array(values[start..<start + pair.count])
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
