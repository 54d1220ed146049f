import Compute
import NetworkSupport

@testable import Graph

/// A convolution of a series, and the definition of its output.
struct SeriesConvolution {
    var channels = 1
    var length = 1
    var outputs = 1
    var kernel = 1
    var stride = 1
    var dilation = 1
    var pads = [0, 0]
    var groups = 1
    var input: [Float] = []
    var weights: [Float] = []
    var bias: [Float] = []

    var inputsPerGroup: Int { channels / groups }

    /// Z[i,j] = b[i] + Σ V[l, j·s + m·d − p] · K[i,l,m].
    var expected: [Double] {
        let room = length + pads[0] + pads[1] - (kernel - 1) * dilation - 1
        var result: [Double] = []
        for output in 0..<outputs {
            let first = output / (outputs / groups) * inputsPerGroup
            for position in 0..<(room < 0 ? 0 : room / stride + 1) {
                var sum = Double(bias[output])
                for input in 0..<inputsPerGroup {
                    for tap in 0..<kernel {
                        let step = position * stride + tap * dilation - pads[0]
                        guard (0..<length).contains(step) else { continue }
                        let weight = weights[(output * inputsPerGroup + input) * kernel + tap]
                        sum += Double(weight) * Double(self.input[(first + input) * length + step])
                    }
                }
                result.append(sum)
            }
        }
        return result
    }

    var graph: Graph {
        var graph = Graph()
        graph.inputs = [Graph.Input(name: "x", type: .float32, dimensions: [nil, nil, nil])]
        graph.constants["w"] = Tensor(shape: [outputs, inputsPerGroup, kernel], floats: weights)
        graph.constants["b"] = Tensor(shape: [outputs], floats: bias)
        graph.nodes = [
            Node(
                name: "conv",
                op: "Conv",
                attributes: [
                    "strides": .ints([stride]), "dilations": .ints([dilation]),
                    "pads": .ints(pads), "group": .int(groups),
                ],
                inputs: ["x", "w", "b"],
                outputs: ["conv"]
            )
        ]
        return graph
    }

    /// The engine's output [1, outputs, positions].
    func run(on kernels: KernelSet) throws(ModelError) -> GraphRunner.Result {
        let input = Tensor(shape: [1, channels, length], floats: input)
        return try GraphRunner(kernels: kernels)
            .run(graph, inputs: ["x": input], outputs: ["conv"])[0]
    }
}
