import Compute
import Graph
import KernelInterface

extension Families {
    static let convolutions: [String: DeclaredOperator] = [
        "Conv": .init(
            Convolution.self,
            takes: 2...3,
            gives: 1...1,
            parameters: ["weight", "bias"],
            own: ["activation", "activation_bounds", "connections", "connection_counts"],
            traits: [.kernels, .windows]
        ),
        "ConvInteger": .init(Convolution.self, takes: 2...4, gives: 1...1),
        "QLinearConv": .init(Convolution.self, takes: 8...9, gives: 1...1),
    ]

    static let ownConvolutions: [String: DeclaredOperator] = [
        "Gabor": .init(Gabor.self, takes: 1...1, gives: 1...1, traits: .windows),
        "TiledConv": .init(
            TiledConv.self,
            takes: 2...3,
            gives: 1...1,
            parameters: ["weight", "bias"],
            traits: [.kernels, .windows]
        ),
        "LocallyConnected": .init(
            LocallyConnected.self,
            takes: 2...3,
            gives: 1...1,
            parameters: ["weight", "bias"],
            traits: [.kernels, .windows]
        ),
    ]
}

/// Z[i,j,k] = b[i] + Σ V[l, j·s+m·d−p, k·s+n·d−p] · K[i,l,m,n]; sums of products over windows, of floats or,
/// with zero points, of small integers.
///
/// Our own attributes: `activation`, set by fusion: Relu, Tanh, Sigmoid or Maxout (of two neighbours);
/// `connections` and `connection_counts`, see ConnectionTable.
struct Convolution: PlannedOperator {
    private let windows: WindowAttributes
    private let groups: Int
    /// The windows as plans take them, of one or two axes.
    private let planned: Result<Windows, ModelError>
    private let connections: ConnectionTable?
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        var copy = attributes
        planned = Windows.reading(&copy, ceils: false)
        windows = try WindowAttributes(&attributes, ceils: false)
        groups = try attributes.int("group", default: 1)
        guard groups >= 1 else { throw attributes.mismatch("group", "1 or more", .int(groups)) }
        connections = try ConnectionTable(&attributes)
        if connections != nil, groups != 1 {
            throw attributes.mismatch("group", "1 beside a connection table", .int(groups))
        }
        activation = try FusedActivation(&attributes)
    }

    func evaluate(_ operands: Operands) throws(ModelError) -> [Tensor] {
        switch operands.node.op {
        case "ConvInteger":
            let (sums, shape) = try convolve(
                operands,
                try operands.centred(0, zeroPoint: 2, axis: nil),
                try operands.centred(1, zeroPoint: 3, axis: 0),
                shapes: (operands(0).shape.dimensions, operands(1).shape.dimensions)
            )
            return [try operands.result(shape, sums, .int32)]
        case "QLinearConv":
            return [try quantised(operands)]
        default:
            var (sums, shape) = try convolve(
                operands,
                try operands.floats(0),
                try operands.floats(1),
                shapes: (operands(0).shape.dimensions, operands(1).shape.dimensions)
            )
            if operands.optional(2) != nil {
                try add(operands.floats(2), to: &sums, shape, operands)
            }
            return [try operands.result(shape, sums, operands(0).type)]
        }
    }

    /// Inputs: x, its scale and zero point; w, its scale and zero point; the result's; a bias of int32.
    private func quantised(_ operands: Operands) throws(ModelError) -> Tensor {
        var (sums, shape) = try convolve(
            operands,
            try operands.centred(0, zeroPoint: 2, axis: nil),
            try operands.centred(3, zeroPoint: 5, axis: 0),
            shapes: (operands(0).shape.dimensions, operands(3).shape.dimensions)
        )
        if let bias = operands.optional(8)?.elements.doubles {
            try add(bias, to: &sums, shape, operands)
        }
        let (x, w) = (try operands.floats(1), try operands.floats(4))
        let (y, zero) = (try operands.floats(6), try operands(7))
        guard x.count == 1, y.count == 1, w.count == 1 || w.count == shape[1],
            let offset = zero.elements.signed?.first
        else { throw operands.fail("scales and zero points do not fit") }
        let inner = shape[2...].reduce(1, *)
        let values = sums.indices.map { index in
            // In float32, as kernels multiply.
            let scale =
                Float(x[0]) * Float(w[w.count == 1 ? 0 : index / inner % shape[1]]) / Float(y[0])
            return Double(Float(sums[index]) * scale).quantised(zero.type, offset)
        }
        return try operands.result(shape, values, zero.type)
    }

    private func add(
        _ bias: [Double],
        to sums: inout [Double],
        _ shape: [Int],
        _ operands: Operands
    ) throws(ModelError) {
        guard bias.count == shape[1] else {
            throw operands.fail("the bias does not fit the kernels")
        }
        let inner = shape[2...].reduce(1, *)
        for index in sums.indices { sums[index] += bias[index / inner % shape[1]] }
    }

    private func convolve(
        _ operands: Operands,
        _ input: [Double],
        _ weights: [Double],
        shapes: (input: [Int], weights: [Int])
    ) throws(ModelError) -> ([Double], [Int]) {
        let (x, w) = shapes
        guard x.count >= 3, w.count == x.count, w[0] % groups == 0, x[1] % groups == 0,
            x[1] / groups == w[1],
            windows.kernel.map({ $0 == Array(w[2...]) }) ?? true
        else { throw operands.fail("kernels \(Shape(w)) do not fit the input \(Shape(x))") }
        let volume = WindowVolume(
            try windows.axes(operands, input: x, kernel: Array(w[2...]))
        )
        let shape = [x[0], w[0]] + volume.outputShape
        var sums = [Double](repeating: 0, count: try operands.count(shape))
        let perGroup = w[0] / groups
        for image in 0..<x[0] {
            for output in 0..<w[0] {
                try operands.poll()
                let target = (image * w[0] + output) * volume.outputs
                for channel in 0..<w[1] {
                    let source = (image * x[1] + output / perGroup * w[1] + channel) * volume.inputs
                    let kernel = (output * w[1] + channel) * volume.taps
                    try volume.forEachTap(operands) { place, tap, from in
                        sums[target + place] += input[source + from] * weights[kernel + tap]
                    }
                }
            }
        }
        return (sums, shape)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if node.op == "Conv", connections == nil, let weights = plan.constant(node, 1),
            weights.shape.rank == 5, try lowerVolumes(node, weights, into: &plan)
        {
            return
        }
        let windows = try planned.get()
        guard node.op == "Conv" else {
            return try QuantizedConvolution(node: node, windows: windows, groups: groups)
                .lower(into: &plan)
        }
        if let connections {
            return try ConnectedConvolution(
                node: node,
                windows: windows,
                table: connections,
                activation: activation
            ).lower(into: &plan)
        }
        let input = try plan.input(node, 0)
        let (shape, kernel) = (plan.shape(of: input), try plan.shapeOfInput(node, 1))
        guard (3...4).contains(kernel.rank), kernel.rank == shape.rank else {
            throw .shape(
                node: node.name,
                reason: "kernels \(kernel) do not fit the input \(shape)"
            )
        }
        let values = plan.constant(node, 1)?.storedFloats
        let key = values == nil ? "\(kernel)/computed" : "\(groups)"
        let lowering = ConvolutionLowering(
            node: node,
            windows: windows,
            groups: groups,
            activation: activation,
            kernel: Kernel(
                shape: Kernel.image(kernel),
                values: values ?? ComputedKernel.unread(kernel.count, node),
                bias: plan.constant(node, 2)?.floats,
                key: "\(node.constantNames)/\(key)",
                isSeries: kernel.rank == 3
            )
        )
        guard values != nil else {
            return try ComputedKernel(lowering: lowering).lower(input, into: &plan)
        }
        let isColumn =
            shape.rank == 4 && shape[3] == 1 && shape[2] > 1 && kernel[3] == 1
            && windows.pads[1] + windows.pads[3] == 0
            && node.inputs.count < 4 && (node.inputs.count < 3 || lowering.kernel.bias != nil)
        if isColumn { return try lowering.lowerColumn(input, into: &plan) }
        try lowering.lowerWithOperands(input, into: &plan)
    }

    /// Whether it is a convolution of volumes.
    private func lowerVolumes(
        _ node: Node,
        _ weights: Tensor,
        into plan: inout PlanBuilder
    ) throws(ModelError) -> Bool {
        let shape = try plan.inputShape(node, 0)
        let kernel = Array(weights.shape.dimensions[2...])
        guard shape.rank == 5, weights.type == .float32, windows.kernel ?? kernel == kernel,
            shape[1] == weights.shape[1] * groups, activation != .maxout,
            let volumes = try Volumes(node, shape, windows, kernel: kernel)
        else { return false }
        try volumes.convolve(weights, activation, into: &plan)
        return true
    }
}
