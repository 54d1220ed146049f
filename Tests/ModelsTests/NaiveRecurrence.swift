import Compute
import Foundation

@testable import Graph

// The same stack, one number at a time in double precision.
extension RecurrentStack {
    /// The logits after every step of one sequence, or after the last one alone.
    func reference(_ tokens: [Int32]) -> [[Double]] {
        var rows = tokens.map { token in (0..<symbols).map { $0 == Int(token) ? 1.0 : 0 } }
        for (index, layer) in layers.enumerated() {
            let isLast = returnsLast && index == layers.count - 1
            rows = layer.op == "Jordan" ? jordan(rows, index) : cell(rows, index, isLast: isLast)
        }
        let readout = matrix("logits.weight", 0)
        let bias = vector("logits.bias", 0)
        return rows.map { row in zip(multiply(readout, row), bias).map { $0 + $1 } }
    }

    private func jordan(_ rows: [[Double]], _ index: Int) -> [[Double]] {
        let name = "layer\(index)"
        let layer = layers[index]
        var fed = [Double](repeating: 0, count: layer.width)
        return rows.map { x in
            let input = multiply(matrix("\(name).W", 0), x)
            let back = multiply(matrix("\(name).R", 0), fed)
            let hidden = zip(zip(input, back), vector("\(name).B", 0)).map {
                tanh($0.0 + $0.1 + $1)
            }
            let output = zip(multiply(matrix("\(name).V", 0), hidden), vector("\(name).C", 0))
                .map { $0 + $1 }
            fed = layer.feedback == "softmax" ? softmax(output) : output
            return output
        }
    }

    /// Each direction by itself, then side by side.
    private func cell(_ rows: [[Double]], _ index: Int, isLast: Bool) -> [[Double]] {
        let layer = layers[index]
        let backward =
            ["forward": [false], "reverse": [true], "bidirectional": [false, true]][layer.direction]
            ?? []
        let parts = backward.enumerated().map { direction, flips -> [[Double]] in
            let states = run(flips ? rows.reversed() : rows, index, direction)
            if isLast { return [states[states.count - 1]] }
            return flips ? states.reversed() : states
        }
        return parts[0].indices.map { step in parts.flatMap { $0[step] } }
    }

    private func run(_ rows: [[Double]], _ index: Int, _ direction: Int) -> [[Double]] {
        let layer = layers[index]
        let name = "layer\(index)"
        let (w, r) = (matrix("\(name).W", direction), matrix("\(name).R", direction))
        let bias = vector("\(name).B", direction)
        var h = [Double](repeating: 0, count: layer.hidden)
        var c = h
        return rows.map { x in
            let input = multiply(w, x)
            func sum(_ gate: Int, _ unit: Int, _ state: [Double]) -> (Double, Double) {
                let row = gate * layer.hidden + unit
                let back = zip(r[row], state).reduce(0) { $0 + $1.0 * $1.1 }
                return (input[row] + bias[row], back + bias[bias.count / 2 + row])
            }
            func gate(_ gate: Int, _ unit: Int) -> Double {
                let (left, right) = sum(gate, unit, h)
                return left + right
            }
            let units = 0..<layer.hidden
            switch layer.op {
            case "LSTM":
                c = units.map {
                    sigmoid(gate(2, $0)) * c[$0] + sigmoid(gate(0, $0)) * tanh(gate(3, $0))
                }
                h = units.map { sigmoid(gate(1, $0)) * tanh(c[$0]) }
            case "GRU":
                let reset = units.map { sigmoid(gate(1, $0)) }
                let kept = units.map { reset[$0] * h[$0] }
                h = units.map { unit in
                    let z = sigmoid(gate(0, unit))
                    let (left, right) = sum(2, unit, layer.linearBeforeReset ? h : kept)
                    let candidate = tanh(left + (layer.linearBeforeReset ? reset[unit] : 1) * right)
                    return (1 - z) * candidate + z * h[unit]
                }
            default:
                h = units.map { unit in
                    let sum = gate(0, unit)
                    return layer.activation == "Saturating" ? min(1, max(0, sum)) : tanh(sum)
                }
            }
            return h
        }
    }

    /// Matrix `direction` of a tensor [D, rows, columns], or of one without directions.
    private func matrix(_ name: String, _ direction: Int) -> [[Double]] {
        guard let tensor = weights[name], let values = tensor.floats else { return [] }
        let (rows, columns) = (
            tensor.shape[tensor.shape.rank - 2], tensor.shape[tensor.shape.rank - 1]
        )
        return (0..<rows).map { row in
            (0..<columns).map { Double(values[(direction * rows + row) * columns + $0]) }
        }
    }

    private func vector(_ name: String, _ direction: Int) -> [Double] {
        guard let tensor = weights[name], let values = tensor.floats else { return [] }
        let count = tensor.shape[tensor.shape.rank - 1]
        return values[direction * count..<(direction + 1) * count].map { Double($0) }
    }

    private func multiply(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
        matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    private func softmax(_ row: [Double]) -> [Double] {
        let largest = row.max() ?? 0
        let powers = row.map { exp($0 - largest) }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
