import Compute
import Graph
import KernelInterface

/// Which input channels each output channel of a convolution sees: its weights are [Σ|set|, kh, kw].
///
/// LeCun and others, Gradient-Based Learning Applied to Document Recognition, 1998, table I.
struct ConnectionTable: Sendable {
    /// For each output channel its input channels, increasing.
    let sets: [[Int]]

    /// Each output channel sees the `inputs` channels of its group.
    init(outputs: Int, inputs: Int, groups: Int) {
        sets = (0..<outputs).map { output in
            let first = output / (outputs / groups) * inputs
            return Array(first..<first + inputs)
        }
    }

    /// Reads `connections` (all sets, one after the other) and `connection_counts`; nil if neither is there.
    init?(_ attributes: inout AttributeReader) throws(ModelError) {
        guard let channels = try attributes.ints("connections") else { return nil }
        let counts = try attributes.ints("connection_counts") ?? []
        var sets: [[Int]] = []
        var position = 0
        for count in counts {
            guard count >= 0, count <= channels.count - position else {
                throw attributes.mismatch(
                    "connection_counts",
                    "numbers that add up to \(channels.count)",
                    .ints(counts)
                )
            }
            sets.append(Array(channels[position..<position + count]))
            position += count
        }
        for set in sets {
            guard set.allSatisfy({ $0 >= 0 }), zip(set, set.dropFirst()).allSatisfy({ $0 < $1 })
            else {
                throw attributes.mismatch(
                    "connections",
                    "for each output channel its input channels, increasing and without repetition",
                    .ints(set)
                )
            }
        }
        guard position == channels.count, !sets.isEmpty else {
            throw attributes.mismatch(
                "connections",
                "a list of input channels for each output channel",
                .ints(channels)
            )
        }
        self.sets = sets
    }
}

/// A convolution that computes the connections of a table and no others.
///
/// Its kernel's lanes are neighbouring columns, not channels: no weight is zero for want of a connection.
struct ConnectedConvolution {
    let node: Node
    let windows: Windows
    let table: ConnectionTable
    let activation: FusedActivation

    func lower(into plan: inout PlanBuilder) throws(ModelError) {
        let input = try plan.input(node, 0)
        let image = try node.imageShape(plan.shape(of: input), axisCount: windows.axisCount)
        let kernels = try kernels(plan, image)
        let (rows, columns) = try windows.axes(
            node,
            kernel: [kernels.height, kernels.width],
            height: image.height,
            width: image.width
        )
        try lower(
            input,
            with: kernels,
            over: image,
            rows: rows,
            columns: columns,
            into: &plan
        )
    }

    func lower(
        _ input: ValueID,
        with kernels: Kernels,
        over image: ImageShape,
        rows: Windows.Axis,
        columns: Windows.Axis,
        into plan: inout PlanBuilder
    ) throws(ModelError) {
        // Rows are read up to a multiple of 16 columns; what lies there does not matter.
        let read = (columns.kernel - 1) * columns.dilation + (columns.output + 15) / 16 * 16
        var halo = Halo(rows, columns)
        halo.right = max(halo.right, read - columns.padBegin - image.width)
        let source = try plan.value(input, as: .dense, halo: halo)
        let output = try plan.define(
            node.outputs[0],
            image.result(
                channels: table.sets.count,
                height: rows.output,
                width: columns.output
            ),
            .dense
        )
        plan.count(
            image.count * kernels.values.count * rows.output * columns.output,
            for: node
        )
        addStep(kernels, rows, columns, images: image.count, from: source, to: output, into: &plan)
    }

    /// The weights [Σ|set|, kh, kw], or [Σ|set|, k] of a series, and one bias per output channel.
    struct Kernels {
        let values: [Float]
        let height: Int
        let width: Int
        let bias: [Float]
        let key: String
    }

    private func kernels(
        _ plan: PlanBuilder,
        _ image: ImageShape
    ) throws(ModelError) -> Kernels {
        func fail(_ reason: String) -> ModelError { .shape(node: node.name, reason: reason) }
        let count = table.sets.reduce(0) { $0 + $1.count }
        guard let weights = plan.constant(node, 1), let values = weights.floats else {
            throw fail("the kernel of a convolution must be a constant")
        }
        guard weights.shape.rank == (image.isSeries ? 2 : 3), weights.shape[0] == count,
            weights.shape.checkedCount == values.count
        else {
            let expected = image.isSeries ? "[\(count), k]" : "[\(count), kh, kw]"
            throw fail("the kernels have shape \(weights.shape), expected \(expected)")
        }
        let (height, width) =
            image.isSeries ? (1, weights.shape[1]) : (weights.shape[1], weights.shape[2])
        if let expected = windows.kernel, expected != [height, width] {
            throw fail("kernel_shape is \(expected), but the weights are \(weights.shape)")
        }
        let channels = image.channels
        if let highest = table.sets.joined().max(), highest >= channels {
            throw fail(
                "connections name channel \(highest), but the input has \(channels) channels"
            )
        }
        let bias = try node.constantBias(plan) ?? Array(repeating: 0, count: table.sets.count)
        guard bias.count == table.sets.count else {
            throw fail("the bias has \(bias.count) elements, expected \(table.sets.count)")
        }
        return Kernels(
            values: values,
            height: height,
            width: width,
            bias: bias,
            key: node.constantNames
        )
    }

    private func addStep(
        _ kernels: Kernels,
        _ rows: Windows.Axis,
        _ columns: Windows.Axis,
        images: Int,
        from source: ValueID,
        to output: ValueID,
        into plan: inout PlanBuilder
    ) {
        let (calls, store, table, activation) = (plan.kernels, plan.weights, table, activation)
        let key = "\(kernels.key)/connected"
        let outputs = table.sets.count
        let starts = table.sets.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
        plan.step(node.name, chunks: images * outputs, reads: [source], writes: [output]) {
            (placement) throws(ModelError) in
            let weights = try store.layer(key) {
                PackedLayer(
                    weights: PackedWeights(count: kernels.values.count) { target in
                        for index in kernels.values.indices {
                            target[index] = kernels.values[index]
                        }
                    },
                    bias: Packing.vector(kernels.bias, .plain(outputs))
                )
            }
            let (from, to) = (placement[source], placement[output])
            var geometry = ConvolutionGeometry(
                rows,
                columns,
                inputBlocks: 0,
                from: from,
                to: to,
                activation: activation
            )
            geometry.outputColumn = 1
            let taps = kernels.height * kernels.width
            let corner = -rows.padBegin * from.row - columns.padBegin
            return { [geometry] arena, chunk in
                let (image, channel) = (chunk / outputs, chunk % outputs)
                let set = table.sets[channel]
                calls.convolveChannels(
                    geometry,
                    input: from.position(in: arena) + image * from.image + corner,
                    channels: set.span,
                    weights: weights.weights.start + starts[channel] * taps,
                    bias: weights.bias.start[channel],
                    output: to.position(in: arena) + image * to.image + channel * to.plane
                )
            }
        }
    }
}
