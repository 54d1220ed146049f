import Graph
import Models

/// What goes on from one request of a sequence to the next.
///
/// A value: copying it branches the sequence.
struct CarriedState: Sendable, Equatable {
    var state: SequenceState
    /// The last symbol, where it was drawn or scored and not read yet.
    var unread: Int32?
    /// The scores of the symbol to come, where all symbols were read and it is known: so a text goes on without a prompt.
    var scores: [Float] = []

    /// More scores than these are not carried.
    static let mostScores = 4096

    /// Symbols, or steps, from the beginning on.
    var position: Int { state.position + (unread == nil ? 0 : 1) }

    /// Bytes of its numbers.
    var bytes: Int {
        state.tensors.reduce(4 * scores.count) { $0 + 4 * $1.count }
    }

    /// What is to be read before the symbols of the next request.
    var leading: [Int32] { unread.map { [$0] } ?? [] }
}
