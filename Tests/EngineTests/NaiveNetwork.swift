import Compute

@testable import Graph
@testable import Models

/// The obvious way to compute a graph: loops over definitions, in double precision, one node at a time.
struct NaiveNetwork {
    struct Value {
        var shape: Shape
        var data: [Double]

        subscript(n: Int, c: Int, y: Int, x: Int) -> Double {
            guard y >= 0, x >= 0, y < shape[2], x < shape[3] else { return 0 }
            return data[((n * shape[1] + c) * shape[2] + y) * shape[3] + x]
        }
    }

    private(set) var values: [String: Value] = [:]

    mutating func run(_ graph: Graph, inputs: [String: Tensor]) {
        for (name, tensor) in inputs {
            values[name] = Value(
                shape: tensor.shape,
                data: (tensor.floats ?? []).map { Double($0) }
            )
        }
        for node in graph.nodes {
            guard let input = values[node.inputs[0]] else { continue }
            values[node.outputs[0]] = apply(node, input, graph)
        }
    }

    /// The largest magnitude up to a value: rounding errors are as large as the terms of the sums they come
    /// from, which may cancel in the value itself.
    func magnitude(upTo value: String, in graph: Graph) -> Double {
        var largest = 0.0
        for node in graph.nodes {
            for number in values[node.outputs[0]]?.data ?? [] {
                largest = max(largest, abs(number))
            }
            if node.outputs[0] == value { break }
        }
        return largest
    }

    private func apply(_ node: Node, _ input: Value, _ graph: Graph) -> Value {
        switch node.op {
        case "Conv", "TiledConv", "LocallyConnected":
            return NaiveConvolution(node, graph).map { $0.apply(to: input) } ?? input
        case "MaxPool": return pool(node, input) { $0.max() ?? 0 }
        case "AveragePool": return pool(node, input) { $0.reduce(0, +) / Double($0.count) }
        case "LpPool": return pool(node, input) { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        case "Relu": return Value(shape: input.shape, data: input.data.map { max($0, 0) })
        case "Maxout": return maxout(input)
        case "BatchNormalization": return normalise(node, input, graph)
        case "Add":
            let other = values[node.inputs[1]]?.data ?? []
            return Value(shape: input.shape, data: zip(input.data, other).map { $0 + $1 })
        case "Flatten":
            let shape: Shape = [input.shape[0], input.shape.count / input.shape[0]]
            return Value(shape: shape, data: input.data)
        case "Gemm": return multiply(node, input, graph)
        default: return input
        }
    }

    private func ints(_ node: Node, _ name: String, _ value: [Int]) -> [Int] {
        if case .ints(let values) = node.attributes[name] { values } else { value }
    }

    private func pool(_ node: Node, _ input: Value, _ reduce: ([Double]) -> Double) -> Value {
        let (kernel, strides) = (ints(node, "kernel_shape", []), ints(node, "strides", [1, 1]))
        let pads = ints(node, "pads", [0, 0, 0, 0])
        let shape = input.shape
        let height = (shape[2] + pads[0] + pads[2] - kernel[0]) / strides[0] + 1
        let width = (shape[3] + pads[1] + pads[3] - kernel[1]) / strides[1] + 1
        var data: [Double] = []
        for n in 0..<shape[0] {
            for c in 0..<shape[1] {
                for y in 0..<height {
                    for x in 0..<width {
                        var window: [Double] = []
                        for i in 0..<kernel[0] {
                            for j in 0..<kernel[1] {
                                let row = y * strides[0] + i - pads[0]
                                let column = x * strides[1] + j - pads[1]
                                let isInside =
                                    row >= 0 && column >= 0 && row < shape[2] && column < shape[3]
                                if isInside { window.append(input[n, c, row, column]) }
                            }
                        }
                        data.append(reduce(window))
                    }
                }
            }
        }
        return Value(shape: [shape[0], shape[1], height, width], data: data)
    }

    private func maxout(_ input: Value) -> Value {
        var shape = input.shape
        shape[1] /= 2
        let inner = shape.dimensions.dropFirst(2).reduce(1, *)
        var data: [Double] = []
        for outer in 0..<shape[0] * shape[1] {
            for element in 0..<inner {
                let first = input.data[2 * outer * inner + element]
                data.append(max(first, input.data[(2 * outer + 1) * inner + element]))
            }
        }
        return Value(shape: shape, data: data)
    }

    private func normalise(_ node: Node, _ input: Value, _ graph: Graph) -> Value {
        let lists = node.inputs.dropFirst().map { graph.constants[$0]?.floats ?? [] }
        let inner = input.shape.dimensions.dropFirst(2).reduce(1, *)
        let data = input.data.enumerated().map { index, value in
            let c = index / inner % input.shape[1]
            let deviation = (Double(lists[3][c]) + 1e-5).squareRoot()
            return Double(lists[0][c]) * (value - Double(lists[2][c])) / deviation
                + Double(lists[1][c])
        }
        return Value(shape: input.shape, data: data)
    }

    private func multiply(_ node: Node, _ input: Value, _ graph: Graph) -> Value {
        guard let weights = graph.constants[node.inputs[1]], let matrix = weights.floats,
            let bias = graph.constants[node.inputs[2]]?.floats
        else { return input }
        let (units, width) = (weights.shape[0], weights.shape[1])
        var data: [Double] = []
        for row in 0..<input.shape[0] {
            for unit in 0..<units {
                var sum = Double(bias[unit])
                for k in 0..<width {
                    sum += Double(matrix[unit * width + k]) * input.data[row * width + k]
                }
                data.append(sum)
            }
        }
        return Value(shape: [input.shape[0], units], data: data)
    }
}
