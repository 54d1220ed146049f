import Compute
import Graph

/// A transposed convolution as a convolution with turned kernels over the input with zeros between its elements.
struct TransposedConvolution {
    let node: Node
    /// Of each spatial axis.
    let strides: [Int]
    let dilations: [Int]
    /// All begins, then all ends.
    let pads: [Int]
    let outputPadding: [Int]
    let groups: Int

    /// Elements of the largest input with zeros.
    private static let most = 1 << 24

    /// - Throws: `shape` for what is not such a convolution.
    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        let shape = try plan.inputShape(node, 0)
        let axes = shape.rank - 2
        guard (1...2).contains(axes), let weights = plan.constant(node, 1),
            weights.type == .float32, weights.shape.rank == shape.rank,
            weights.shape[0] == shape[1], groups >= 1, shape[1] % groups == 0,
            [strides, dilations, outputPadding].allSatisfy({ $0.count == axes }),
            pads.count == 2 * axes, strides.allSatisfy({ $0 >= 1 }),
            dilations.allSatisfy({ $0 >= 1 }), weights.count > 0
        else { throw fail("the kernel does not fit the input \(shape)") }
        let kernel = Array(weights.shape.dimensions[2...])
        var around: [Int] = []
        for index in 0..<2 * axes {
            let axis = index % axes
            let end = index < axes ? 0 : outputPadding[axis]
            around.append(dilations[axis] * (kernel[axis] - 1) - pads[index] + end)
        }
        guard around.allSatisfy({ $0 >= 0 }) else { throw fail("padding cuts kernels off") }
        var conv = Node(name: node.name, op: "Conv", outputs: [node.outputs[0]])
        conv.inputs = [try spread(shape, into: &plan), "\(node.name)/turned"]
        if node.inputs.count > 2 { conv.inputs.append(node.inputs[2]) }
        conv.attributes = [
            "pads": .ints(around), "dilations": .ints(dilations), "group": .int(groups),
            "kernel_shape": .ints(kernel),
        ]
        plan.graph.constants[conv.inputs[1]] = turned(weights, kernel)
        try plan.lower(conv)
    }

    /// The input with stride − 1 zeros between neighbours; its name.
    private func spread(_ shape: Shape, into plan: inout PlanBuilder) throws(ModelError) -> String {
        guard strides.contains(where: { $0 > 1 }) else { return node.inputs[0] }
        var sizes = shape.dimensions
        for (axis, stride) in strides.enumerated() {
            sizes[axis + 2] = (sizes[axis + 2] - 1) * stride + 1
        }
        guard let count = Shape(sizes).checkedCount, count <= Self.most, shape.count > 0 else {
            throw .shape(node: node.name, reason: "the input \(shape) is too large")
        }
        let (height, width) = strides.count == 1 ? (1, shape[2]) : (shape[2], shape[3])
        let (down, across) = strides.count == 1 ? (1, strides[0]) : (strides[0], strides[1])
        let (rows, columns) = ((height - 1) * down + 1, (width - 1) * across + 1)
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let name = "\(node.outputs[0])/spread"
        let output = try plan.define(name, Shape(sizes), .dense)
        let planes = shape[0] * shape[1]
        plan.step(node.name, chunks: planes, reads: [source], writes: [output]) { placement in
            let (from, to) = (placement[source], placement[output])
            return { arena, plane in
                let input = from.position(in: arena) + plane * height * width
                let output = to.position(in: arena) + plane * rows * columns
                output.fill(0, count: rows * columns)
                for row in 0..<height {
                    let line = output + row * down * columns
                    for column in 0..<width {
                        line[column * across] = input[row * width + column]
                    }
                }
            }
        }
        return name
    }

    /// [I, O / groups, …] to [O, I / groups, …], every kernel turned by half a turn.
    private func turned(_ weights: Tensor, _ kernel: [Int]) -> Tensor? {
        let taps = kernel.reduce(1, *)
        let (inputs, outputs) = (weights.shape[0] / groups, weights.shape[1])
        let groups = groups
        let shape = Shape([groups * outputs, inputs] + kernel)
        return weights.mapFloats(shape) { (values: [Float]) in
            var result: [Float] = []
            result.reserveCapacity(values.count)
            for output in 0..<groups * outputs {
                for input in 0..<inputs {
                    let source = output / outputs * inputs + input
                    let start = (source * outputs + output % outputs) * taps
                    for tap in 0..<taps { result.append(values[start + taps - 1 - tap]) }
                }
            }
            return result
        }
    }
}
