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
        SequenceState(values: states.map { Array(repeating: 0, count: $0.count) })
    }
}
