import Compute
import Graph
import KernelInterface

/// Convolution and its variants.
package enum Convolutions {
    static let operators: [any Operator.Type] = [
        Conv.self, Gabor.self, TiledConv.self, LocallyConnected.self,
    ]

    /// Those whose kernels are weights.
    package static let weighted: Set = [Conv.name, TiledConv.name, LocallyConnected.name]
}

/// Z[i,j,k] = b[i] + Σ V[l, j·s+m·d−p, k·s+n·d−p] · K[i,l,m,n]; ONNX Conv with one or two spatial axes.
///
/// Our own attributes: `activation`, set by fusion: Relu, Tanh, Sigmoid or Maxout (of two neighbours);
/// `connections` and `connection_counts`, see ConnectionTable.
struct Conv: Operator {
    static let name = "Conv"
    static let parameters = ["weight", "bias"]
    private let windows: Windows
    private let groups: Int
    private let connections: ConnectionTable?
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: false)
        groups = try attributes.int("group", default: 1)
        connections = try ConnectionTable(&attributes)
        if connections != nil, groups != 1 {
            throw attributes.mismatch("group", "1 beside a connection table", .int(groups))
        }
        activation = try FusedActivation(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        if let connections {
            return try ConnectedConvolution(
                node: node,
                windows: windows,
                table: connections,
                activation: activation
            ).lower(into: &plan)
        }
        let input = try plan.input(node, 0)
        guard let weights = plan.constant(node, 1), let values = weights.storedFloats else {
            throw .shape(node: node.name, reason: "the kernel of a convolution must be a constant")
        }
        let bias = try node.constantBias(plan)
        let lowering = ConvolutionLowering(
            node: node,
            windows: windows,
            groups: groups,
            activation: activation,
            kernel: Kernel(
                shape: Kernel.image(weights.shape),
                values: values,
                bias: bias,
                key: "\(node.constantNames)/\(groups)",
                isSeries: weights.shape.rank == 3
            )
        )
        let shape = plan.shape(of: input)
        let isColumn =
            shape.rank == 4 && shape[3] == 1 && shape[2] > 1 && weights.shape.rank == 4
            && weights.shape[3] == 1 && windows.pads[1] + windows.pads[3] == 0
            && node.inputs.count < 4
        if isColumn { return try lowering.lowerColumn(input, into: &plan) }
        try lowering.lower(input, plus: plan.optionalInput(node, 3), into: &plan)
    }
}

/// A bank of Gabor functions as a convolution over grey images, one kernel per list entry.
///
/// w(x,y) = α·exp(−β_x x'² − β_y y'²)·cos(f x' + φ), x' = (x−x0)cos τ + (y−y0) sin τ,
/// y' = −(x−x0) sin τ + (y−y0) cos τ; x to the right, y down, from the window's middle.
struct Gabor: Operator {
    static let name = "Gabor"
    private let windows: Windows
    private let bank: GaborBank

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: false)
        bank = try GaborBank(&attributes, kernel: windows.kernel)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        try ConvolutionLowering(
            node: node,
            windows: windows,
            groups: 1,
            activation: .none,
            kernel: Kernel(
                shape: bank.shape,
                values: StoredFloats(bank.weights()),
                bias: nil,
                key: node.name
            )
        ).lower(input, into: &plan)
    }
}

/// A convolution's constant weights [O, I / groups, kh, kw], and with a tiling [O, I, kh, kw, rows, columns].
///
/// The kernels of a series have one row.
struct Kernel: Sendable {
    /// [O, I / groups, kh, kw].
    let shape: Shape
    let values: StoredFloats
    /// One number per output, or per output and kernel of the tiling.
    let bias: [Float]?
    /// Tells its packed form from those of other kernels.
    let key: String
    var isSeries = false
    var tiling = Tiling.none

    /// [O, I, k] as [O, I, 1, k].
    static func image(_ shape: Shape) -> Shape {
        shape.rank == 3 ? [shape[0], shape[1], 1, shape[2]] : shape
    }

    /// How many kernels take turns in each direction.
    struct Tiling: Sendable {
        static let none = Tiling(rows: 1, columns: 1)
        let rows: Int
        let columns: Int

        var count: Int { rows * columns }
    }

    /// The kernel at place `index` of the tiling, as one of its own.
    func tile(_ index: Int) -> Kernel {
        let (tiles, values) = (tiling.count, values)
        @Sendable func picked(_ values: [Float]) -> [Float] {
            stride(from: index, to: values.count, by: tiles).map { values[$0] }
        }
        let isShared = bias?.count == shape[0]
        return Kernel(
            shape: shape,
            values: StoredFloats(count: values.count / tiles) { () throws(ModelError) in
                picked(try values.read())
            },
            bias: isShared ? bias : bias.map(picked),
            key: key
        )
    }
}
