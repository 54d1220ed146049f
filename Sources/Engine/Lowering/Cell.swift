import Graph
import KernelInterface

/// Cells as the lowering tells them apart.
enum Cell: Sendable, Equatable {
    case rnn(Activation)
    case lstm
    case gru
    case gruLinearBeforeReset

    /// Hidden blocks one chunk computes, so that eight sums run at once.
    var blocksPerChunk: Int {
        switch self {
        case .rnn: 8
        case .lstm, .gru, .gruLinearBeforeReset: 2
        }
    }
}

/// What the lowering of recurrent operators needs of their attributes.
struct RecurrentAttributes: Sendable {
    let hiddenSize: Int?
    /// For each direction whether it reads from the end.
    let isReversed: [Bool]
    /// Set by fusion: the input is an index into one-hot vectors of this depth.
    let oneHotDepth: Int?
}
