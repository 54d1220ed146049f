import Compute
import Glibc
import Graph

struct CellSizes {
    let steps: Int
    let batch: Int
    let inputs: Int
    let hidden: Int
}

/// The weights of one direction.
struct CellWeights {
    var input: [Double] = []
    var recurrent: [Double] = []
    /// Wb, then Rb.
    var bias: [Double] = []
    /// Of an LSTM's gates i, o and f.
    var peepholes: [Double] = []
}

/// A recurrent layer at work: one direction after the other, one sequence after the other.
struct CellRun {
    let sizes: CellSizes
    let x: [Double]
    /// [T, D, B, H].
    var y: [Double]
    let clip: Double
    let roundsInput: Bool
    let roundsStates: Bool
    var lengths: [Int] = []
    /// [D, B, H].
    var h: [Double] = []
    var c: [Double] = []
    var direction = 0
    var isReversed = false
    var weights = CellWeights()
    var functions: [CellFunction] = []

    mutating func compute(
        _ operands: Operands,
        couplesGates: Bool,
        linearBeforeReset: Bool
    ) throws(ModelError) {
        let directions = sizes.batch == 0 ? 1 : h.count / (sizes.batch * sizes.hidden)
        for row in 0..<sizes.batch {
            let state = (direction * sizes.batch + row) * sizes.hidden
            var cell = CellState(
                h: Array(h[state..<state + sizes.hidden]),
                c: c.isEmpty ? [] : Array(c[state..<state + sizes.hidden])
            )
            for step in 0..<lengths[row] {
                try operands.poll()
                let time = isReversed ? lengths[row] - 1 - step : step
                let source = (time * sizes.batch + row) * sizes.inputs
                let given = Array(x[source..<source + sizes.inputs])
                let input = roundsInput ? rounded(given) : given
                switch operands.node.op {
                case "LSTM": stepLSTM(&cell, input, couplesGates)
                case "GRU": stepGRU(&cell, input, linearBeforeReset)
                default: stepRNN(&cell, input)
                }
                let target = ((time * directions + direction) * sizes.batch + row) * sizes.hidden
                y.replaceSubrange(target..<target + sizes.hidden, with: cell.h)
            }
            h.replaceSubrange(state..<state + sizes.hidden, with: cell.h)
            if !c.isEmpty { c.replaceSubrange(state..<state + sizes.hidden, with: cell.c) }
        }
    }

    private struct CellState {
        var h: [Double]
        var c: [Double]
    }

    /// Σ weights · vector for row `row` of a matrix.
    private func product(_ matrix: [Double], _ row: Int, _ vector: [Double]) -> Double {
        var sum = 0.0
        for index in vector.indices { sum += matrix[row * vector.count + index] * vector[index] }
        return sum
    }

    /// 127 steps from 0 to the largest number, and as many below.
    private func rounded(_ row: [Double]) -> [Double] {
        var largest: Float = 0
        for value in row { largest = max(largest, abs(Float(value))) }
        let step = largest > 0 ? largest / 127 : 1
        return row.map { value in
            let steps = (Float(value) / step).rounded(.toNearestOrEven)
            return Double(max(-127, min(127, steps)) * step)
        }
    }

    private func clipped(_ value: Double) -> Double { max(-clip, min(clip, value)) }

    /// W x + R h + Wb + Rb of one gate and unit.
    private func gate(
        _ gate: Int,
        of unit: Int,
        gates: Int,
        _ x: [Double],
        _ h: [Double]
    ) -> Double {
        let row = gate * sizes.hidden + unit
        return product(weights.input, row, x) + product(weights.recurrent, row, h)
            + weights.bias[row] + weights.bias[gates * sizes.hidden + row]
    }

    private func stepRNN(_ state: inout CellState, _ x: [Double]) {
        state.h = (0..<sizes.hidden).map {
            functions[0](clipped(gate(0, of: $0, gates: 1, x, state.h)))
        }
    }

    /// Gate order i, o, f, c.
    private func stepLSTM(_ state: inout CellState, _ x: [Double], _ couplesGates: Bool) {
        let n = sizes.hidden
        let before = CellState(h: roundsStates ? rounded(state.h) : state.h, c: state.c)
        for unit in 0..<n {
            let c = before.c[unit]
            let p = weights.peepholes
            let i = functions[0](clipped(gate(0, of: unit, gates: 4, x, before.h) + p[unit] * c))
            let f =
                couplesGates
                ? 1 - i
                : functions[0](
                    clipped(gate(2, of: unit, gates: 4, x, before.h) + p[2 * n + unit] * c)
                )
            let g = functions[1](clipped(gate(3, of: unit, gates: 4, x, before.h)))
            let next = f * c + i * g
            let o = functions[0](
                clipped(gate(1, of: unit, gates: 4, x, before.h) + p[n + unit] * next)
            )
            state.c[unit] = next
            state.h[unit] = o * functions[2](clipped(next))
        }
    }

    /// Gate order z, r, h.
    private func stepGRU(_ state: inout CellState, _ x: [Double], _ linearBeforeReset: Bool) {
        let (h, n) = (state.h, sizes.hidden)
        let reset = (0..<n).map { functions[0](clipped(gate(1, of: $0, gates: 3, x, h))) }
        let kept = zip(reset, h).map { $0 * $1 }
        for unit in 0..<n {
            let z = functions[0](clipped(gate(0, of: unit, gates: 3, x, h)))
            let row = 2 * n + unit
            let own = product(weights.input, row, x) + weights.bias[row]
            let recurrentBias = weights.bias[3 * n + row]
            let other =
                linearBeforeReset
                ? reset[unit] * (product(weights.recurrent, row, h) + recurrentBias)
                : product(weights.recurrent, row, kept) + recurrentBias
            let new = functions[1](clipped(own + other))
            state.h[unit] = (1 - z) * new + z * h[unit]
        }
    }
}

/// One of the activation functions of recurrent operators.
struct CellFunction: Sendable {
    let name: String
    private let alpha: Double
    private let beta: Double

    /// Defaults of alpha and beta; nil where a function has none.
    private static let known: [String: (alpha: Double?, beta: Double?)] = [
        "relu": (nil, nil), "tanh": (nil, nil), "sigmoid": (nil, nil), "softsign": (nil, nil),
        "softplus": (nil, nil), "affine": (1, 0), "leakyrelu": (0.01, nil),
        "thresholdedrelu": (1, nil), "scaledtanh": (1, 1), "hardsigmoid": (0.2, 0.5),
        "elu": (1, nil),
    ]

    /// The functions of all directions; values for alpha and beta are taken in order by those that have them.
    static func read(
        _ attributes: inout AttributeReader,
        directions: Int
    ) throws(ModelError) -> [CellFunction] {
        let standard =
            switch attributes.op {
            case "LSTM": ["Sigmoid", "Tanh", "Tanh"]
            case "GRU": ["Sigmoid", "Tanh"]
            default: ["Tanh"]
            }
        let all = Array(repeating: standard, count: directions).flatMap { $0 }
        let names = try attributes.strings("activations") ?? all
        var alphas = try attributes.floats("activation_alpha") ?? []
        var betas = try attributes.floats("activation_beta") ?? []
        guard names.count == all.count else {
            throw attributes.mismatch("activations", "\(all.count) of them", .strings(names))
        }
        var functions: [CellFunction] = []
        for name in names {
            guard let (alpha, beta) = known[name.lowercased()] else {
                throw attributes.mismatch("activations", "ONNX's functions", .string(name))
            }
            functions.append(
                CellFunction(
                    name: name.lowercased(),
                    alpha: alpha.map { alphas.isEmpty ? $0 : Double(alphas.removeFirst()) } ?? 0,
                    beta: beta.map { betas.isEmpty ? $0 : Double(betas.removeFirst()) } ?? 0
                )
            )
        }
        return functions
    }

    func callAsFunction(_ x: Double) -> Double {
        switch name {
        case "relu": max(0, x)
        case "tanh": tanh(x)
        case "sigmoid": sigmoid(x)
        case "softsign": x / (1 + abs(x))
        case "softplus": x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
        case "affine": alpha * x + beta
        case "leakyrelu": x < 0 ? alpha * x : x
        case "thresholdedrelu": x > alpha ? x : 0
        case "scaledtanh": alpha * tanh(beta * x)
        case "hardsigmoid": max(0, min(1, alpha * x + beta))
        default: x < 0 ? alpha * expm1(x) : x
        }
    }
}
