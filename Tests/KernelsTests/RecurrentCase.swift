import TestSupport
import Compute
import Foundation
import KernelInterface

/// One time step of a recurrent layer in ONNX's terms, with its naive reference.
///
/// `product` is [gates · hidden] per sequence, the input's part of each sum, biases included.
struct RecurrentCase {
    enum Layer: CaseIterable { case rnn, lstm, gru, gruLinearBeforeReset }

    let layer: Layer
    let hidden: Int
    var batch: Int
    var activation = Activation.tanh
    var product: [[Float]] = []
    var state: [[Float]] = []
    var cell: [[Float]] = []
    var weights: [Float] = []
    var hiddenBias: [Float] = []

    init(_ layer: Layer, hidden: Int, batch: Int, random: inout SeededGenerator) {
        self.layer = layer
        self.hidden = hidden
        self.batch = batch
        let scale = 1 / Float(hidden).squareRoot()
        weights = random.floats(gates * hidden * hidden, in: -scale...scale)
        hiddenBias = random.floats(hidden)
        for _ in 0..<batch {
            product.append(random.floats(gates * hidden))
            state.append(random.floats(hidden))
            cell.append(random.floats(hidden))
        }
    }

    var gates: Int {
        switch layer {
        case .rnn: 1
        case .lstm: 4
        case .gru, .gruLinearBeforeReset: 3
        }
    }

    var description: String { "\(layer), hidden \(hidden), batch \(batch), \(activation)" }

    /// Some of the sequences as a step of their own.
    func slice(_ sequences: Range<Int>) -> RecurrentCase {
        var part = self
        part.batch = sequences.count
        part.product = Array(product[sequences])
        part.state = Array(state[sequences])
        part.cell = Array(cell[sequences])
        return part
    }
}

extension RecurrentCase {
    /// New hidden and cell states, in double precision.
    func reference() -> (hidden: [Reference], cell: [Reference]) {
        var hiddens: [Reference] = []
        var cells: [Reference] = []
        for sequence in 0..<batch {
            let (hidden, cell) = step(sequence)
            // Values are below 1 or so; their error is absolute.
            hiddens += hidden.map { Reference($0, magnitude: $0.magnitude + 1) }
            cells += cell.map { Reference($0, magnitude: $0.magnitude + 1) }
        }
        return (hiddens, cells)
    }

    private func step(_ sequence: Int) -> (hidden: [Double], cell: [Double]) {
        let before = state[sequence].map(Double.init)
        let input = product[sequence].map(Double.init)
        func sum(_ gate: Int, _ unit: Int, _ state: [Double]) -> Double {
            let row = weights[(gate * hidden + unit) * hidden..<(gate * hidden + unit + 1) * hidden]
            return zip(row, state).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
        func gate(_ gate: Int, _ unit: Int) -> Double {
            input[gate * hidden + unit] + sum(gate, unit, before)
        }
        let units = 0..<hidden
        switch layer {
        case .rnn:
            return (units.map { apply(gate(0, $0)) }, [])
        case .lstm:
            let cells = units.map { unit in
                sigmoidReference(gate(2, unit)) * Double(cell[sequence][unit])
                    + sigmoidReference(gate(0, unit)) * tanh(gate(3, unit))
            }
            return (units.map { sigmoidReference(gate(1, $0)) * tanh(cells[$0]) }, cells)
        case .gru, .gruLinearBeforeReset:
            let reset = units.map { sigmoidReference(gate(1, $0)) }
            let resetState = units.map { reset[$0] * before[$0] }
            let hiddens = units.map { unit in
                let update = sigmoidReference(gate(0, unit))
                let part =
                    layer == .gru
                    ? sum(2, unit, resetState)
                    : reset[unit] * (sum(2, unit, before) + Double(hiddenBias[unit]))
                let candidate = tanh(input[2 * hidden + unit] + part)
                return (1 - update) * candidate + update * before[unit]
            }
            return (hiddens, [])
        }
    }

    private func apply(_ x: Double) -> Double {
        switch activation {
        case .tanh: tanh(x)
        case .relu: max(x, 0)
        case .sigmoid: sigmoidReference(x)
        case .saturating: min(1, max(0, x))
        case .none, .maxoutPair: x
        }
    }
}

extension RecurrentCase {
    /// New hidden and cell states, [batch][hidden], computed in the given ranges of hidden blocks.
    func run(_ kernels: KernelSet, ranges: [Range<Int>]? = nil) -> (hidden: [Float], cell: [Float])
    {
        let memory = TestMemory()
        defer { memory.release() }
        let count = blocks(of: hidden)
        // States with a gap between blocks, as a plan may place them.
        let plane = batch * 16 + 16
        let inputs = memory.floats(blocked(product, gates: gates, plane: batch * 16))
        let previous = memory.floats(blocked(state, gates: 1, plane: plane))
        let cells = memory.floats(blocked(cell, gates: 1, plane: batch * 16))
        let packed = Packing.recurrent(weights, gates: gates, hidden: hidden)
        let bias = Packing.vector(hiddenBias, .plain(hidden))
        let update = memory.floats(count: count * batch * 16)
        let resetHidden = memory.floats(count: count * batch * 16)
        let output = memory.floats(count: count * plane)
        for cell in phases {
            var geometry = RecurrentGeometry(
                cell: cell,
                hidden: hidden,
                batch: batch,
                productPlane: batch * 16,
                previousPlane: plane,
                hiddenPlane: plane,
                statePlane: batch * 16,
                activation: activation
            )
            for range in ranges ?? [0..<count] {
                kernels.table.recur(
                    &geometry,
                    inputs.start,
                    previous.start,
                    memory.pointer(packed),
                    memory.pointer(bias),
                    cells.start,
                    update.start,
                    resetHidden.start,
                    output.start,
                    range.lowerBound,
                    range.upperBound
                )
            }
        }
        return (rows(output, plane: plane), layer == .lstm ? rows(cells, plane: batch * 16) : [])
    }

    private var phases: [RecurrentCell] {
        switch layer {
        case .rnn: [.RNN]
        case .lstm: [.LSTM]
        case .gru: [.gruGates, .gruCandidate]
        case .gruLinearBeforeReset: [.gruLinearBeforeReset]
        }
    }

    /// [sequence][gates · hidden] as [hidden / 16][gates][batch][16] at a plane stride.
    private func blocked(_ rows: [[Float]], gates: Int, plane: Int) -> [Float] {
        var result = [Float](repeating: 0, count: blocks(of: hidden) * gates * plane)
        for (sequence, row) in rows.enumerated() {
            for gate in 0..<gates {
                for unit in 0..<hidden {
                    let block = unit / 16 * gates + gate
                    result[block * plane + sequence * 16 + unit % 16] = row[gate * hidden + unit]
                }
            }
        }
        return result
    }

    private func rows(_ blocked: GuardedFloats, plane: Int) -> [Float] {
        (0..<batch * hidden).map { index in
            let (sequence, unit) = (index / hidden, index % hidden)
            return blocked[unit / 16 * plane + sequence * 16 + unit % 16]
        }
    }
}
