import Graph
import KernelInterface

/// Recurrent layers over sequences [T, B, inputs].
package enum Recurrence {
    static let operators: [any Operator.Type] = [
        RNN.self, LSTM.self, GRU.self, Jordan.self,
    ]

    package static let names: Set<String> = Set(operators.map { $0.name })
}

/// h^t = f(W x^t + R h^{t−1} + Wb + Rb), f tanh unless `activation` says otherwise.
///
/// Saturating is min(1, max(0, x)).
struct RNN: Operator {
    static let name = "RNN"
    static let parameters = ["W", "R", "B"]
    private let attributes: RecurrentAttributes
    private let activation: Activation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let name = try attributes.string("activation", default: "Tanh")
        switch name {
        case "Tanh": activation = Activation.tanh
        case "Relu": activation = Activation.relu
        case "Sigmoid": activation = Activation.sigmoid
        case "Saturating": activation = Activation.saturating
        default:
            throw attributes.mismatch(
                "activation",
                "Tanh, Relu, Sigmoid or Saturating",
                .string(name)
            )
        }
        self.attributes = try RecurrentAttributes(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try RecurrentLowering(
            node: node,
            attributes: attributes,
            gates: 1,
            cell: .rnn(activation)
        ).lower(into: &plan)
    }
}

/// i, o, f = σ(…), g = tanh(…); c = f·c + i·g; h = o·tanh(c).
///
/// ONNX gate order: i, o, f, c.
struct LSTM: Operator {
    static let name = "LSTM"
    static let parameters = ["W", "R", "B"]
    private let attributes: RecurrentAttributes

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        guard try attributes.int("input_forget", default: 0) == 0 else {
            throw attributes.mismatch("input_forget", "0", .int(1))
        }
        self.attributes = try RecurrentAttributes(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try RecurrentLowering(node: node, attributes: attributes, gates: 4, cell: .lstm)
            .lower(into: &plan)
    }
}

/// z, r = σ(…); h = (1 − z)·h̃ + z·h.
///
/// ONNX gate order: z, r, h; both values of `linear_before_reset`.
struct GRU: Operator {
    static let name = "GRU"
    static let parameters = ["W", "R", "B"]
    private let attributes: RecurrentAttributes
    private let linearBeforeReset: Bool

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        linearBeforeReset = try attributes.flag("linear_before_reset", default: false)
        self.attributes = try RecurrentAttributes(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        try RecurrentLowering(
            node: node,
            attributes: attributes,
            gates: 3,
            cell: linearBeforeReset ? .gruLinearBeforeReset : .gru
        ).lower(into: &plan)
    }
}

/// What the three recurrent operators have in common.
struct RecurrentAttributes: Sendable {
    let hiddenSize: Int?
    let direction: RecurrentDirection
    /// Set by fusion: the input is an index into one-hot vectors of this depth.
    let oneHotDepth: Int?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        let hidden = try attributes.int("hidden_size", default: 0)
        hiddenSize = hidden > 0 ? hidden : nil
        direction = try RecurrentDirection(&attributes)
        let layout = try attributes.int("layout", default: 0)
        guard layout == 0 else { throw attributes.mismatch("layout", "0", .int(layout)) }
        let depth = try attributes.int("one_hot_depth", default: 0)
        oneHotDepth = depth > 0 ? depth : nil
    }
}

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
