import Compute
import Graph

extension Families {
    static let backwardConvolutions: [String: DeclaredOperator] = [
        "ConvTranspose": .init(ConvTranspose.self, takes: 2...3, gives: 1...1)
    ]
}

/// A transposed convolution: every input is spread over a window of outputs.
///
/// One with strides is planned as a convolution of shorter kernels whose outputs are put side by side.
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
        guard outputPadding?.allSatisfy({ (0...1 << 30).contains($0) }) ?? true else {
            throw attributes.mismatch(
                "output_padding",
                "integers from 0",
                .ints(outputPadding ?? [])
            )
        }
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
        let weights = try plan.shapeOfInput(node, 1)
        let kernel = Array(weights.dimensions.dropFirst(2))
        guard windows.kernel ?? kernel == kernel else {
            throw .shape(node: node.name, reason: "kernel_shape is not that of the weights")
        }
        let axes = try windows.transposedAxes(
            plan.shapeOperands(node, sources: node.inputs.count),
            input: shape.dimensions,
            kernel: kernel,
            outputPadding: outputPadding,
            outputShape: outputShape
        )
        let general = TransposedConvolution(
            node: node,
            strides: axes.map(\.stride),
            dilations: axes.map(\.dilation),
            pads: axes.map(\.padBegin) + axes.map(\.padEnd),
            outputPadding: axes.map { axis in
                let full = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
                return axis.input + axis.padBegin + axis.padEnd - full
            },
            groups: groups
        )
        if groups == 1, let tiling = TilingConvolution(general, shape, weights) {
            return try tiling.lower(into: &plan)
        }
        let hasConstantBias = node.inputs.count < 3 || plan.constant(node, 2) != nil
        guard hasConstantBias, plan.constant(node, 1)?.type ?? .float32 == .float32,
            let phased = PhasedConvolution(general, shape, weights: weights)
        else {
            return try general.lower(into: &plan)
        }
        try phased.lower(into: &plan)
    }
}
