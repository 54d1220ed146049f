import Compute
import Graph

extension Families {
    static let backwardConvolutions: [String: DeclaredOperator] = [
        "ConvTranspose": .init(ConvTranspose.self, takes: 2...3, gives: 1...1)
    ]
}

/// A transposed convolution: every input is spread over a window of outputs.
///
/// One whose windows lie side by side is planned as a 1×1 convolution whose outputs are the windows' pixels.
struct ConvTranspose: PlannedOperator {
    private let windows: WindowAttributes
    private let groups: Int
    private let outputPadding: [Int]?
    private let outputShape: [Int]?

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try WindowAttributes(&attributes, ceils: false)
        groups = try attributes.int("group", default: 1)
        guard groups >= 1 else { throw attributes.mismatch("group", "1 or more", .int(groups)) }
        outputPadding = try attributes.ints("output_padding")
        outputShape = try attributes.ints("output_shape")
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        let (input, weights) = (try operands.floats(0), try operands.floats(1))
        let x = try operands(0).shape.dimensions
        let w = try operands(1).shape.dimensions
        guard x.count >= 3, w.count == x.count, x[1] == w[0], x[1] % groups == 0,
            windows.kernel.map({ $0 == Array(w[2...]) }) ?? true
        else { throw operands.fail("kernels \(Shape(w)) do not fit the input \(Shape(x))") }
        let volume = WindowVolume(
            try windows.transposedAxes(
                operands,
                input: x,
                kernel: Array(w[2...]),
                outputPadding: outputPadding,
                outputShape: outputShape
            )
        )
        let (channels, overflow) = w[1].multipliedReportingOverflow(by: groups)
        guard !overflow else { throw operands.fail("\(groups) groups are too many") }
        let shape = [x[0], channels] + volume.inputShape
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        if operands.optional(2) != nil {
            let bias = try operands.floats(2)
            guard bias.count == channels else { throw operands.fail("the bias does not fit") }
            for index in sums.indices { sums[index] = bias[index / volume.inputs % channels] }
        }
        let perGroup = x[1] / groups
        for image in 0..<x[0] {
            for channel in 0..<x[1] {
                try operands.poll()
                let source = (image * x[1] + channel) * volume.outputs
                for output in 0..<w[1] {
                    let plane = image * channels + channel / perGroup * w[1] + output
                    let kernel = (channel * w[1] + output) * volume.taps
                    try volume.forEachTap(operands) { from, tap, to in
                        sums[plane * volume.inputs + to] +=
                            input[source + from] * weights[kernel + tap]
                    }
                }
            }
        }
        return [try operands.result(shape, sums, operands(0).type)]
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let shape = try plan.inputShape(node, 0)
        let sizes = (plan.constant(node, 1)?.shape.dimensions ?? []).dropFirst(2)
        let axes = sizes.count
        guard windows.kernel ?? Array(sizes) == Array(sizes) else {
            throw .shape(node: node.name, reason: "kernel_shape is not that of the weights")
        }
        guard outputShape == nil, !windows.automatic.isSame else {
            throw .shape(node: node.name, reason: "ConvTranspose is planned with padding it names")
        }
        let zeros = Array(repeating: 0, count: 2 * axes)
        let ones = Array(repeating: 1, count: axes)
        let general = TransposedConvolution(
            node: node,
            strides: windows.strides ?? ones,
            dilations: windows.dilations ?? ones,
            pads: windows.pads ?? zeros,
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
        try plan.lower(conv)
        guard let windows = plan.id(named: conv.outputs[0]) else { return }
        try join(
            node,
            plan.value(windows, as: .dense),
            as: shape,
            outputs: outputs,
            strides: strides,
            into: &plan
        )
    }

    /// [N, O · kh · kw, H, W] to [N, O, H · kh, W · kw].
    private func join(
        _ node: Node,
        _ windows: ValueID,
        as shape: Shape,
        outputs: Int,
        strides: [Int],
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
