import Compute

@testable import Graph

/// Every kind of convolution by its definition: which channels an output sees, and with which weights.
struct NaiveConvolution {
    private let node: Node
    private let weights: Tensor
    private let values: [Float]
    private let bias: [Float]

    init?(_ node: Node, _ graph: Graph) {
        guard let weights = graph.constants[node.inputs[1]], let values = weights.floats else {
            return nil
        }
        self.node = node
        self.weights = weights
        self.values = values
        bias = node.inputs.count > 2 ? graph.constants[node.inputs[2]]?.floats ?? [] : []
    }

    private func ints(_ name: String, _ value: [Int]) -> [Int] {
        if case .ints(let values) = node.attributes[name] { values } else { value }
    }

    private var groups: Int {
        if case .int(let count) = node.attributes["group"] { count } else { 1 }
    }

    /// The input channels of each output channel.
    private func sets(inputs: Int) -> [[Int]] {
        let counts = ints("connection_counts", [])
        if !counts.isEmpty {
            var rest = ints("connections", [])[...]
            return counts.map { count in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
        }
        let (outputs, perGroup) = (weights.shape[0], inputs / groups)
        return (0..<outputs).map { output in
            let first = output / (outputs / groups) * perGroup
            return Array(first..<first + perGroup)
        }
    }

    private var kernelAxis: Int {
        switch (node.op, weights.shape.rank) {
        case ("LocallyConnected", _): 4
        case (_, 3): 1
        default: 2
        }
    }

    func apply(to input: NaiveNetwork.Value) -> NaiveNetwork.Value {
        let (strides, pads) = (ints("strides", [1, 1]), ints("pads", [0, 0, 0, 0]))
        let (kh, kw) = (weights.shape[kernelAxis], weights.shape[kernelAxis + 1])
        let height = (input.shape[2] + pads[0] + pads[2] - kh) / strides[0] + 1
        let width = (input.shape[3] + pads[1] + pads[3] - kw) / strides[1] + 1
        let sets = sets(inputs: input.shape[1])
        var data: [Double] = []
        for n in 0..<input.shape[0] {
            var first = 0
            for (o, set) in sets.enumerated() {
                for y in 0..<height {
                    for x in 0..<width {
                        let place = (y * width + x, height * width)
                        var sum = self.bias(o, place)
                        for (c, channel) in set.enumerated() {
                            for i in 0..<kh {
                                for j in 0..<kw {
                                    let tap = ((first + c) * kh + i) * kw + j
                                    let row = y * strides[0] + i - pads[0]
                                    let column = x * strides[1] + j - pads[1]
                                    let weight = weight(tap, o, (y, x), place, set.count * kh * kw)
                                    sum += weight * input[n, channel, row, column]
                                }
                            }
                        }
                        data.append(sum)
                    }
                }
                first += set.count
            }
        }
        return NaiveNetwork.Value(shape: [input.shape[0], sets.count, height, width], data: data)
    }

    private func bias(_ output: Int, _ place: (index: Int, count: Int)) -> Double {
        if bias.isEmpty { return 0 }
        let isLocal = node.op == "LocallyConnected"
        return Double(bias[isLocal ? output * place.count + place.index : output])
    }

    /// The weight at `tap`, counted over all outputs of one position.
    private func weight(
        _ tap: Int,
        _ output: Int,
        _ pixel: (y: Int, x: Int),
        _ place: (index: Int, count: Int),
        _ kernel: Int
    ) -> Double {
        switch node.op {
        case "LocallyConnected":
            let start = (output * place.count + place.index) * kernel
            return Double(values[start + tap - output * kernel])
        case "TiledConv":
            let (rows, columns) = (weights.shape[4], weights.shape[5])
            let turn = pixel.y % rows * columns + pixel.x % columns
            return Double(values[tap * rows * columns + turn])
        default:
            return Double(values[tap])
        }
    }
}
