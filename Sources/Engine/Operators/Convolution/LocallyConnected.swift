import Compute
import Graph
import KernelInterface

/// Z[i,j,k] = b[i,j,k] + Σ V[l, j·s+m, k·s+n] · W[i,j,k,l,m,n]: a convolution that shares nothing.
///
/// Our own domain. Inputs: image [N, I, H, W], W [O, rows, columns, I, kh, kw], b [O, rows, columns].
/// LeCun 1986, 1989; Goodfellow, Bengio and Courville, Deep Learning, equation 9.9.
struct LocallyConnected: LayerOperator {
    private let windows: Windows
    private let activation: FusedActivation

    init(_ attributes: inout AttributeReader) throws(ModelError) {
        windows = try Windows(&attributes, ceils: false)
        activation = try FusedActivation(&attributes)
    }

    func lower(_ node: Node, into plan: inout PlanBuilder) throws(ModelError) {
        let weights = try LocalWeights(node, plan: plan)
        let input = try plan.input(node, 0)
        let image = try node.imageShape(plan.shape(of: input), axisCount: 2)
        let shape = weights.shape
        if let expected = windows.kernel, expected != [shape[4], shape[5]] {
            throw .shape(
                node: node.name,
                reason: "kernel_shape is \(expected), but the weights are \(shape)"
            )
        }
        let (rows, columns) = try windows.axes(
            node,
            kernel: [shape[4], shape[5]],
            height: image.height,
            width: image.width
        )
        guard image.channels == shape[3], rows.output == shape[1], columns.output == shape[2] else {
            throw .shape(
                node: node.name,
                reason: "an input of \(image.channels)×\(image.height)×\(image.width) gives "
                    + "\(rows.output)×\(columns.output) outputs, but the weights \(shape) are for "
                    + "\(shape[3]) channels and \(shape[1])×\(shape[2]) outputs"
            )
        }
        plan.count(image.count * weights.values.count, for: node)
        let isPlanar = image.channels < 16
        let source = try plan.image(
            input,
            as: isPlanar ? .dense : .blocked,
            halo: Halo(rows, columns)
        )
        let output = try plan.define(
            node.outputs[0],
            [image.count, shape[0], rows.output, columns.output],
            .blocked
        )
        LocalStep(weights: weights, rows: rows, columns: columns, activation: activation)
            .add(
                node.name,
                isPlanar: isPlanar,
                images: image.count,
                from: source,
                to: output,
                into: &plan
            )
    }
}

/// The constant weights of a locally connected layer.
struct LocalWeights: Sendable {
    /// [O, rows, columns, I, kh, kw].
    let shape: Shape
    let values: [Float]
    /// [O, rows, columns].
    let bias: [Float]?
    let key: String

    init(_ node: Node, plan: PlanBuilder) throws(ModelError) {
        guard let weights = plan.constant(node, 1), let values = weights.floats else {
            throw .shape(
                node: node.name,
                reason: "the weights of a locally connected layer must be a constant"
            )
        }
        guard weights.shape.rank == 6, weights.shape.checkedCount == values.count,
            !values.isEmpty
        else {
            throw .shape(
                node: node.name,
                reason: "the weights have shape \(weights.shape), expected "
                    + "[O, rows, columns, I, kh, kw]"
            )
        }
        shape = weights.shape
        self.values = values
        bias = try node.constantBias(plan)
        key = "\(node.constantNames)/local"
        let expected = shape[0] * shape[1] * shape[2]
        if let bias, bias.count != expected {
            throw .shape(
                node: node.name,
                reason: "the bias has \(bias.count) elements, expected "
                    + "[\(shape[0]), \(shape[1]), \(shape[2])]"
            )
        }
    }

    var blocks: Int { Compute.blocks(of: shape[0]) }

    /// Weights [row][column][block][plane][kh][kw][lane][16] and bias [row][column][block][16].
    func packed(isPlanar: Bool) -> PackedLayer {
        let (outputs, positions) = (shape[0], shape[1] * shape[2])
        let weights = Packing.local(
            values,
            outputs: outputs,
            positions: positions,
            inputs: shape[3],
            taps: shape[4] * shape[5],
            isPlanar: isPlanar
        )
        let bias = PackedWeights(count: positions * blocks * 16) { target in
            guard let bias = self.bias else { return }
            for output in 0..<outputs {
                for position in 0..<positions {
                    target[position * blocks * 16 + output] = bias[output * positions + position]
                }
            }
        }
        return PackedLayer(weights: weights, bias: bias)
    }
}

/// The step of a locally connected layer: pieces are rows of positions, each with weights of its own.
private struct LocalStep {
    let weights: LocalWeights
    let rows: Windows.Axis
    let columns: Windows.Axis
    let activation: FusedActivation

    func add(
        _ name: String,
        isPlanar: Bool,
        images: Int,
        from source: ValueID,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) {
        let (table, store, step, weights) = (plan.kernels, plan.weights, self, weights)
        // A piece reads about 256 KB of weights, for all images in turn.
        let rowFloats = weights.values.count / max(1, rows.output)
        let band = min(rows.output, max(1, 65_536 / max(1, rowFloats)))
        let chunks = (rows.output + band - 1) / band
        plan.step(name, chunks: chunks, reads: [source], writes: [output]) {
            (placement) throws(ModelError) in
            let packed = try store.layer("\(weights.key)/\(isPlanar)") {
                weights.packed(isPlanar: isPlanar)
            }
            let (from, to) = (placement[source], placement[output])
            let geometry = step.geometry(isPlanar: isPlanar, from: from, to: to)
            let (rows, blocks) = (step.rows, weights.blocks)
            let corner =
                -rows.padBegin * from.row - step.columns.padBegin * (isPlanar ? 1 : 16)
            let (kernels, biases) = (packed.weights, packed.bias)
            return { arena, chunk in
                for row in chunk * band..<min((chunk + 1) * band, rows.output) {
                    for image in 0..<images {
                        table.convolveLocal(
                            isPlanar: isPlanar,
                            geometry,
                            input: from.position(in: arena) + image * from.image
                                + (corner + row * rows.stride * from.row),
                            weights: kernels.start + row * (kernels.count / rows.output),
                            bias: biases.start + row * (biases.count / rows.output),
                            output: to.position(in: arena) + image * to.image + row * to.row,
                            totalBlocks: blocks,
                            blocks: 0..<blocks
                        )
                    }
                }
            }
        }
    }

    /// One row of outputs.
    private func geometry(isPlanar: Bool, from: Place, to: Place) -> ConvolutionGeometry {
        let inputs = weights.shape[3]
        var geometry = ConvolutionGeometry(
            rows,
            columns,
            inputBlocks: isPlanar ? inputs : blocks(of: inputs),
            from: from,
            to: to,
            activation: activation
        )
        geometry.outputHeight = 1
        return geometry
    }
}
