/// One row of a recurrent network's diagram: a layer, with what was merged into it.
struct SequenceRow: Sendable {
    /// A row that remembers.
    struct Cell: Sendable {
        enum Direction: Sendable {
            case forward, reverse, bidirectional
        }

        var op: String
        var direction = Direction.forward
        /// Only the state after the whole sequence is read on.
        var returnsLast = false

        var hasCellState: Bool { op == "LSTM" }
        /// Gated cells are boxes that say so; a plain one is a circle.
        var isGated: Bool { op == "LSTM" || op == "GRU" }
    }

    var layer: String
    var role: Diagram.Node.Role
    var symbol: String
    var index: Int?
    /// The name of the weights on the way in; nil for none.
    var weight: String?
    /// Rows it reads.
    var sources: [Int]
    var cell: Cell?
    /// The row whose last value it also reads.
    var feedback: Int?
    /// Beside the row, after the layer's name.
    var notes: [String]
    /// Whether it exists once, after the last step.
    var isFinal = false
}
