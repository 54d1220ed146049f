import Compute

/// Transposed convolutions.
enum BackwardConvolutions {
    static let operators: [any Operator.Type] = [ConvTranspose.self]
}

/// A transposed convolution whose windows lie side by side: a 1×1 convolution whose outputs are the windows' pixels.
struct ConvTranspose: Operator {
    static let name = "ConvTranspose"
    private let strides: [Int]
    private let kernel: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        strides = try attributes.ints("strides") ?? [1, 1]
        kernel = try attributes.ints("kernel_shape")
        let isPlain = try [
            attributes.ints("pads") ?? [], attributes.ints("output_padding") ?? [],
            (attributes.ints("dilations") ?? []).map { $0 - 1 },
            [attributes.int("group", default: 1) - 1],
        ].allSatisfy { $0.allSatisfy { $0 == 0 } }
        let automatic = try attributes.string("auto_pad", default: "NOTSET")
        guard isPlain, ["NOTSET", "VALID"].contains(automatic),
            try attributes.ints("output_shape") == nil
        else { throw attributes.mismatch("pads", "windows side by side", .string(automatic)) }
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.shape(of: plan.input(node, 0))
        guard shape.rank == 4, let weights = plan.constant(node, 1), weights.shape.rank == 4,
            weights.type == .float32, weights.shape[0] == shape[1],
            strides == Array(weights.shape.dimensions[2...]), kernel ?? strides == strides
        else { throw .shape(node: node.name, reason: "the windows do not lie side by side") }
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
        try join(node, plan.value(windows, as: .dense), shape, outputs, into: &plan)
    }

    /// [N, O · kh · kw, H, W] to [N, O, H · kh, W · kw].
    private func join(
        _ node: Node,
        _ windows: ValueID,
        _ shape: Shape,
        _ outputs: Int,
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
