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
        let constant = plan.constant(node, 1)
        let weights = try plan.shapeOfInput(node, 1)
        guard (1...3).contains(axes), constant?.type ?? .float32 == .float32,
            weights.rank == shape.rank, weights[0] == shape[1], groups >= 1,
            shape[1] % groups == 0,
            [strides, dilations, outputPadding].allSatisfy({ $0.count == axes }),
            pads.count == 2 * axes, strides.allSatisfy({ $0 >= 1 }),
            dilations.allSatisfy({ $0 >= 1 }), weights.count > 0
        else { throw fail("the kernel does not fit the input \(shape)") }
        let kernel = Array(weights.dimensions[2...])
        var around: [Int] = []
        for index in 0..<2 * axes {
            let axis = index % axes
            let end = index < axes ? 0 : outputPadding[axis]
            around.append(dilations[axis] * (kernel[axis] - 1) - pads[index] + end)
        }
        guard around.allSatisfy({ $0 >= 0 }) else { throw fail("padding cuts kernels off") }
        var conv = Node(name: node.name, op: "Conv", outputs: [node.outputs[0]])
        conv.inputs = [try spread(shape, into: &plan), "\(node.outputs[0])/turned"]
        if node.inputs.count > 2 { conv.inputs.append(node.inputs[2]) }
        conv.attributes = [
            "pads": .ints(around), "dilations": .ints(dilations), "group": .int(groups),
            "kernel_shape": .ints(kernel),
        ]
        let groups = groups
        try plan.rearrange(node, 1, as: conv.inputs[1], turned(weights)) { body in
            Self.forEachTap(weights, groups: groups, body)
        }
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
        let missing = [Int](repeating: 1, count: 3 - strides.count)
        let (from, steps) = (missing + shape.dimensions[2...], missing + strides)
        let to = missing + sizes[2...]
        let source = try plan.value(plan.input(node, 0), as: .dense)
        let name = "\(node.outputs[0])/spread"
        let output = try plan.define(name, Shape(sizes), .dense)
        let (planes, elements) = (shape[0] * shape[1], to.reduce(1, *))
        plan.step(node.name, chunks: planes, reads: [source], writes: [output]) { placement in
            let (origin, target) = (placement[source], placement[output])
            return { arena, plane in
                let input = origin.position(in: arena) + plane * from.reduce(1, *)
                let output = target.position(in: arena) + plane * elements
                output.fill(0, count: elements)
                for depth in 0..<from[0] {
                    for row in 0..<from[1] {
                        let place = depth * steps[0] * to[1] + row * steps[1]
                        let (line, own) = (
                            output + place * to[2], input + (depth * from[1] + row) * from[2]
                        )
                        for column in 0..<from[2] { line[column * steps[2]] = own[column] }
                    }
                }
            }
        }
        return name
    }

    /// [O, I / groups, …] of [I, O / groups, …].
    private func turned(_ shape: Shape) -> Shape {
        Shape([groups * shape[1], shape[0] / groups] + shape.dimensions[2...])
    }

    /// Visits the places of turned weights and where their numbers come from.
    private static func forEachTap(
        _ shape: Shape,
        groups: Int,
        _ body: (_ place: Int, _ source: Int) -> Void
    ) {
        let taps = shape.dimensions[2...].reduce(1, *)
        let (inputs, outputs) = (shape[0] / groups, shape[1])
        var place = 0
        for output in 0..<groups * outputs {
            for input in 0..<inputs {
                let source = output / outputs * inputs + input
                let last = (source * outputs + output % outputs + 1) * taps - 1
                for tap in 0..<taps {
                    body(place, last - tap)
                    place += 1
                }
            }
        }
    }
}
