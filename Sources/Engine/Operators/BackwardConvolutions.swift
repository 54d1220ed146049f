import Compute
import Graph

/// Transposed convolutions.
enum BackwardConvolutions {
    static let operators: [any Operator.Type] = [ConvTranspose.self]
}

/// A transposed convolution; one whose windows lie side by side is a 1×1 convolution whose outputs are the windows'
/// pixels.
struct ConvTranspose: Operator {
    static let name = "ConvTranspose"
    private let strides: [Int]?
    private let kernel: [Int]?
    private let pads: [Int]?
    private let outputPadding: [Int]?
    private let dilations: [Int]?
    private let groups: Int

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        strides = try attributes.ints("strides")
        kernel = try attributes.ints("kernel_shape")
        pads = try attributes.ints("pads")
        outputPadding = try attributes.ints("output_padding")
        dilations = try attributes.ints("dilations")
        groups = try attributes.int("group", default: 1)
        let automatic = try attributes.string("auto_pad", default: "NOTSET")
        guard ["NOTSET", "VALID"].contains(automatic), try attributes.ints("output_shape") == nil
        else { throw attributes.mismatch("auto_pad", "NOTSET or VALID", .string(automatic)) }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.inputShape(node, 0)
        let sizes = (plan.constant(node, 1)?.shape.dimensions ?? []).dropFirst(2)
        let axes = sizes.count
        guard kernel ?? Array(sizes) == Array(sizes) else {
            throw .shape(node: node.name, reason: "kernel_shape is not that of the weights")
        }
        let zeros = Array(repeating: 0, count: 2 * axes)
        let ones = Array(repeating: 1, count: axes)
        let general = TransposedConvolution(
            node: node,
            strides: strides ?? ones,
            dilations: dilations ?? ones,
            pads: pads ?? zeros,
            outputPadding: outputPadding ?? Array(zeros.prefix(axes)),
            groups: groups
        )
        let isPlain =
            axes == 2 && groups == 1 && general.strides == Array(sizes)
            && general.dilations == ones
            && (general.pads + general.outputPadding).allSatisfy { $0 == 0 }
        guard isPlain else { return try general.lower(into: &plan) }
        try lowerSideBySide(node, shape, general.strides, into: &plan)
    }

    private func lowerSideBySide(
        _ node: Node,
        _ shape: Shape,
        _ strides: [Int],
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        guard shape.rank == 4, let weights = plan.constant(node, 1), weights.type == .float32,
            weights.shape[0] == shape[1]
        else { throw .shape(node: node.name, reason: "the kernel does not fit the input \(shape)") }
        let (inputs, outputs) = (weights.shape[0], weights.shape[1])
        let pixels = strides[0] * strides[1]
        let count = outputs * pixels
        var conv = Node(name: node.name, op: "Conv")
        conv.inputs = [node.inputs[0], "\(node.name)/weight"]
        conv.outputs = ["\(node.outputs[0])/windows"]
        // [I, O · pixels] to [O · pixels, I, 1, 1].
        let turned = Shape([count, inputs, 1, 1])
        plan.graph.constants[conv.inputs[1]] = weights.mapFloats(turned) { (values: [Float]) in
            (0..<count * inputs).map { (place: Int) -> Float in
                values[place % inputs * count + place / inputs]
            }
        }
        if node.inputs.count > 2, let bias = plan.constant(node, 2)?.floats, bias.count == outputs {
            conv.inputs.append("\(node.name)/bias")
            plan.graph.constants[conv.inputs[2]] = Tensor(
                shape: [count],
                floats: (0..<count).map { bias[$0 / pixels] }
            )
        } else if node.inputs.count > 2, !node.inputs[2].isEmpty {
            throw .shape(node: node.name, reason: "the bias is not constant")
        }
        try Operators.make(conv).lower(conv, into: &plan)
        guard let windows = plan.id(named: conv.outputs[0]) else { return }
        try join(node, plan.value(windows, as: .dense), shape, outputs, strides, into: &plan)
    }

    /// [N, O · kh · kw, H, W] to [N, O, H · kh, W · kw].
    private func join(
        _ node: Node,
        _ windows: ValueID,
        _ shape: Shape,
        _ outputs: Int,
        _ strides: [Int],
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        let (height, width) = (shape[2], shape[3])
        let result: Shape = [shape[0], outputs, height * strides[0], width * strides[1]]
        let output = try plan.define(node.outputs[0], result, .dense)
        let walk = StrideWalk(
            [shape[0] * outputs, height, strides[0], width, strides[1]],
            [
                strides[0] * strides[1] * height * width, width, strides[1] * height * width, 1,
                height * width,
            ],
            [
                strides[0] * strides[1] * height * width, strides[0] * strides[1] * width,
                strides[1] * width, strides[1], 1,
            ]
        )
        plan.step(node.name, chunks: walk.chunks, reads: [windows], writes: [output]) { placement in
            let (from, to) = (placement[windows], placement[output])
            return { arena, chunk in
                let (input, output) = (from.position(in: arena), to.position(in: arena))
                walk.forEachRow(in: walk.rows(ofChunk: chunk)) { _, first, second in
                    for index in 0..<walk.length {
                        output[second + index * walk.steps.second] =
                            input[first + index * walk.steps.first]
                    }
                }
            }
        }
    }
}
