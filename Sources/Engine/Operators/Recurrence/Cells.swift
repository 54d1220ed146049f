import Compute
import Graph
import KernelInterface

extension Families {
    static let cells: [String: DeclaredOperator] = [
        "RNN": .init(
            RecurrentCells.self,
            takes: 3...6,
            gives: 1...2,
            parameters: ["W", "R", "B"],
            own: ["activation", "one_hot_depth"],
            traits: .recurrent
        ),
        "LSTM": .init(
            RecurrentCells.self,
            takes: 3...8,
            gives: 1...3,
            parameters: ["W", "R", "B"],
            own: ["one_hot_depth"],
            traits: .recurrent
        ),
        "GRU": .init(
            RecurrentCells.self,
            takes: 3...6,
            gives: 1...2,
            parameters: ["W", "R", "B"],
            own: ["one_hot_depth"],
            traits: .recurrent
        ),
        "Jordan": .init(
            Jordan.self,
            takes: 4...7,
            gives: 1...2,
            parameters: ["W", "R", "B", "V", "C"],
            traits: .recurrent
        ),
    ]
}

/// RNN, LSTM and GRU with everything ONNX lets them have: activations, clip, lengths of sequences, peepholes, coupled
/// gates, batch first.
///
/// RNN: h^t = f(W x^t + R h^{t−1} + Wb + Rb). LSTM: i, o, f = σ(…), g = tanh(…); c = f·c + i·g; h = o·tanh(c), gates in
/// the order i, o, f, c. GRU: z, r = σ(…); h = (1 − z)·h̃ + z·h, gates in the order z, r, h. Our own attributes:
/// `activation` of an RNN, which also may be Saturating, min(1, max(0, x)); `one_hot_depth`, set by fusion.
/// An LSTM's weights may say that rows are rounded (`QuantizedNumbers.roundsRows`): those of the input and of h.
struct RecurrentCells: PlannedOperator {
    private let op: String
    private let directions: [Bool]
    private let functions: [CellFunction]
    private let clip: Double
    private let isBatchFirst: Bool
    private let couplesGates: Bool
    private let linearBeforeReset: Bool
    private let hidden: Int?
    private let oneHotDepth: Int?
    /// The f of an RNN as plans know it.
    private let activation: Activation?

    private var gates: Int { op == "LSTM" ? 4 : op == "GRU" ? 3 : 1 }

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        op = attributes.op
        directions = try RecurrentDirection(&attributes).isReversed
        hidden = try attributes.optionalInt("hidden_size")
        clip = Double(try attributes.float("clip", default: .infinity))
        isBatchFirst = try attributes.flag("layout", default: false)
        couplesGates = op == "LSTM" ? try attributes.flag("input_forget", default: false) : false
        linearBeforeReset =
            op == "GRU" ? try attributes.flag("linear_before_reset", default: false) : false
        if attributes.opset < 7 { _ = try attributes.int("output_sequence", default: 0) }
        let depth = try attributes.int("one_hot_depth", default: 0)
        oneHotDepth = depth > 0 ? depth : nil
        let word = try attributes.string("activation", default: "")
        functions = try CellFunction.read(&attributes, directions: directions.count)
        guard op == "RNN" else {
            activation = nil
            return
        }
        let words = word.isEmpty ? Set(functions.map(\.name)) : [word.lowercased()]
        activation = words.count == 1 ? words.first.flatMap { Self.activations[$0] } : nil
        guard word.isEmpty || activation != nil else {
            throw attributes.mismatch(
                "activation",
                "Tanh, Relu, Sigmoid or Saturating",
                .string(word)
            )
        }
    }

    private static let activations: [String: Activation] = [
        "tanh": .tanh, "relu": .relu, "sigmoid": .sigmoid, "saturating": .saturating,
    ]

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let given = try operands(0)
        guard given.shape.rank == 3 else {
            throw operands.fail("the input \(given.shape) is not a sequence [T, B, features]")
        }
        let input = isBatchFirst ? given.transposed([1, 0, 2]) : given
        guard let x = input.elements.doubles, input.type.isFloat else {
            throw operands.unfit(input.type)
        }
        let sizes = try sizes(operands, input.shape)
        var run = CellRun(
            sizes: sizes,
            x: x,
            y: Array(
                repeating: 0,
                count: sizes.steps * directions.count * sizes.batch * sizes.hidden
            ),
            clip: clip,
            roundsInput: operands.optional(1)?.quantized?.roundsRows ?? false,
            roundsStates: operands.optional(2)?.quantized?.roundsRows ?? false
        )
        run.lengths = try lengths(operands, sizes)
        let states = directions.count * sizes.batch * sizes.hidden
        run.h = try state(operands, 5, states)
        run.c = op == "LSTM" ? try state(operands, 6, states) : []
        let perDirection = op == "LSTM" ? 3 : op == "GRU" ? 2 : 1
        for (index, isReversed) in directions.enumerated() {
            try operands.poll()
            run.direction = index
            run.isReversed = isReversed
            run.weights = try weights(operands, index, sizes)
            run.functions = Array(functions[index * perDirection..<(index + 1) * perDirection])
            try run.compute(
                operands,
                couplesGates: couplesGates,
                linearBeforeReset: linearBeforeReset
            )
        }
        return try answers(run, operands, input.type)
    }

    private func sizes(_ operands: Operands, _ x: Shape) throws(ModelError) -> CellSizes {
        let (w, r) = (try operands(1).shape, try operands(2).shape)
        guard w.rank == 3, r.rank == 3, w[0] == directions.count, r[0] == directions.count,
            r[2] >= 1, w[1] == gates * r[2], r[1] == w[1], w[2] == x[2],
            hidden ?? r[2] == r[2]
        else { throw operands.fail("W \(w) and R \(r) do not fit the input \(x)") }
        let sizes = CellSizes(steps: x[0], batch: x[1], inputs: x[2], hidden: r[2])
        _ = try operands.count([max(sizes.steps, 1), directions.count, sizes.batch, sizes.hidden])
        return sizes
    }

    private func lengths(_ operands: Operands, _ sizes: CellSizes) throws(ModelError) -> [Int] {
        guard let lengths = try operands.optionalIntegers(4) else {
            return Array(repeating: sizes.steps, count: sizes.batch)
        }
        guard lengths.count == sizes.batch, lengths.allSatisfy({ (0...sizes.steps).contains($0) })
        else { throw operands.fail("sequence_lens \(lengths) do not fit") }
        return lengths
    }

    /// An initial state as [D, B, H].
    private func state(
        _ operands: Operands,
        _ index: Int,
        _ count: Int
    ) throws(ModelError) -> [Double] {
        guard let tensor = operands.optional(index) else {
            return Array(repeating: 0, count: count)
        }
        guard tensor.shape.rank == 3, tensor.count == count,
            let values = (isBatchFirst ? tensor.transposed([1, 0, 2]) : tensor).elements.doubles
        else { throw operands.fail("the state \(tensor.shape) does not fit") }
        return values
    }

    private func weights(
        _ operands: Operands,
        _ direction: Int,
        _ sizes: CellSizes
    ) throws(ModelError) -> CellWeights {
        let rows = gates * sizes.hidden
        func part(_ index: Int, _ count: Int) throws(ModelError) -> [Double] {
            guard operands.optional(index) != nil else { return Array(repeating: 0, count: count) }
            let values = try operands.floats(index)
            guard values.count == directions.count * count else {
                throw operands.fail("input \(index) of \(op) does not fit")
            }
            return Array(values[direction * count..<(direction + 1) * count])
        }
        return CellWeights(
            input: try part(1, rows * sizes.inputs),
            recurrent: try part(2, rows * sizes.hidden),
            bias: try part(3, 2 * rows),
            peepholes: op == "LSTM" ? try part(7, 3 * sizes.hidden) : []
        )
    }

    private func answers(
        _ run: CellRun,
        _ operands: Operands,
        _ type: ElementType
    ) throws(ModelError) -> [Tensor] {
        let (s, d) = (run.sizes, directions.count)
        var y = try operands.result([s.steps, d, s.batch, s.hidden], run.y, type)
        var states: [Tensor] = []
        for values in op == "LSTM" ? [run.h, run.c] : [run.h] {
            states.append(try operands.result([d, s.batch, s.hidden], values, type))
        }
        if isBatchFirst {
            y = y.transposed([2, 0, 1, 3])
            states = states.map { $0.transposed([1, 0, 2]) }
        }
        return [y] + states
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        func refuse(_ what: String) -> ModelError {
            .shape(node: node.name, reason: "\(op) is not planned with \(what)")
        }
        guard clip == .infinity else { throw refuse("clip") }
        guard !isBatchFirst else { throw refuse("layout 1") }
        guard !couplesGates else { throw refuse("input_forget 1") }
        let standard = op == "LSTM" ? ["sigmoid", "tanh", "tanh"] : ["sigmoid", "tanh"]
        let isStandard = functions.enumerated().allSatisfy { index, function in
            function.name == standard[index % standard.count]
        }
        let cell: Cell
        switch (op, activation) {
        case ("LSTM", _) where isStandard: cell = .lstm
        case ("GRU", _) where isStandard: cell = linearBeforeReset ? .gruLinearBeforeReset : .gru
        case ("RNN", let activation?): cell = .rnn(activation)
        default: throw refuse("these activations")
        }
        try RecurrentLowering(
            node: node,
            attributes: RecurrentAttributes(
                hiddenSize: hidden.flatMap { $0 > 0 ? $0 : nil },
                isReversed: directions,
                oneHotDepth: oneHotDepth
            ),
            gates: gates,
            cell: cell
        ).lower(into: &plan)
    }
}
