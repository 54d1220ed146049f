import Compute
import Graph
import KernelInterface

/// Constant weights of a fully connected layer.
struct MatrixWeights: Sendable {
    let key: String
    let inputs: Int
    let units: Int
    let values: StoredFloats
    /// [units][inputs] as Gemm's transB has them, or [inputs][units].
    let isUnitMajor: Bool
    /// The small integers that the values stand for.
    var small: QuantizedNumbers?
}

/// Y = X W + b over the rows of X; a 1×1 convolution whose pixels are the rows.
struct ConnectedLayer {
    let node: Node
    let weights: MatrixWeights
    let bias: [Float]
    let activation: FusedActivation

    func lower(_ input: ValueID, into plan: inout PlanBuilder) throws(ModelError) {
        var shape = plan.shape(of: input)
        let last = shape.rank - 1
        guard shape[last] == weights.inputs, bias.count == weights.units else {
            throw .shape(
                node: node.name,
                reason:
                    "the input \(shape) does not end in \(weights.inputs), as the weights expect"
            )
        }
        guard weights.units % activation.channelsPerOutput == 0 else {
            throw .shape(node: node.name, reason: "maxout needs an even number of units")
        }
        let units = weights.units / activation.channelsPerOutput
        let small = try smallWeights(plan)
        // Rows of whole vectors are read and written where they lie.
        let readsRows =
            plan[input].layout == .dense && plan[input].points > 1 && weights.inputs % 16 == 0
        let source = readsRows ? input : try plan.value(input, as: .points)
        shape[last] = units
        let layout: Layout = readsRows && units % 16 == 0 && small == nil ? .dense : .points
        let output = try plan.define(node.outputs[0], shape, layout)
        plan.count(plan[source].points * weights.inputs * weights.units, for: node)
        if let small {
            return try SmallProduct(
                weights: small,
                activation: activation,
                points: plan[source].points
            ).lower(node, from: source, to: output, into: &plan)
        }
        let (weights, bias, isPaired) = (weights, bias, activation == .maxout)
        let perOutput = activation.channelsPerOutput
        plan.productStep(
            node.name,
            ProductShape(
                points: plan[source].points,
                inputBlocks: blocks(of: weights.inputs),
                outputBlocks: perOutput * blocks(of: units),
                activation: activation,
                halfBlock: isPaired ? -1 : halfBlock(of: units)
            ),
            from: source,
            to: output,
            key: "\(weights.key)/\(weights.isUnitMajor)/\(isPaired)"
        ) { table throws(ModelError) in
            try weights.packed(bias: bias, maxoutPairs: isPaired, for: table)
        }
    }
}

extension ConnectedLayer {
    /// Weights that stay small integers: large ones that were dequantised.
    private func smallWeights(_ plan: PlanBuilder) throws(ModelError) -> SmallWeights? {
        guard let numbers = weights.small, activation.channelsPerOutput == 1,
            SmallWeights.take(numbers, isUnitMajor: weights.isUnitMajor)
        else { return nil }
        let (weights, bias) = (weights, bias)
        return try plan.weights.integers("\(weights.key)/\(weights.isUnitMajor)/small") {
            SmallWeights(
                numbers,
                inputs: weights.inputs,
                units: weights.units,
                isUnitMajor: weights.isUnitMajor,
                bias: bias
            )
        }
    }
}

/// Sizes of a product over points.
struct ProductShape: Sendable {
    let points: Int
    let inputBlocks: Int
    let outputBlocks: Int
    var activation = FusedActivation.none
    /// The output block of which at most 8 channels count, or -1.
    var halfBlock = -1

    /// The product as a 1×1 convolution of a line of pixels; floats between blocks, and between points.
    func geometry(
        from: (plane: Int, point: Int),
        to: (plane: Int, point: Int)
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            inputBlocks: inputBlocks,
            lastLanes: 16,
            inputPlane: from.plane,
            inputRow: 0,
            kernelHeight: 1,
            kernelWidth: 1,
            strideHeight: 1,
            strideWidth: from.point / 16,
            dilationHeight: 1,
            dilationWidth: 1,
            outputHeight: 1,
            outputWidth: points,
            outputPlane: to.plane,
            outputRow: 0,
            outputColumn: to.point,
            activation: activation.kernel,
            floor: activation.floor,
            ceiling: activation.ceiling,
            addendPlane: 0,
            addendRow: 0,
            halfBlock: halfBlock,
            image: ImageBounds()
        )
    }
}

extension PlanBuilder {
    /// Adds the step of a blocked product over the points of `source`.
    mutating func productStep(
        _ name: String,
        _ shape: ProductShape,
        from source: ValueID,
        to output: ValueID,
        key: String,
        pack: @escaping @Sendable (KernelSet) throws(ModelError) -> PackedLayer
    ) {
        let (table, store) = (kernels, weights)
        // A row or two: whole groups of eight blocks, so that eight chains hide the latency of each.
        let isNarrow = shape.points < 4
        let paired = shape.activation.channelsPerOutput
        let wide = max(table.blocksPerTile, paired)
        // Weights that no first-level cache holds are read by two cores, if there are eight blocks only.
        let isRead = shape.inputBlocks * shape.outputBlocks * 1024 > 1 << 19
        let narrow = isRead && shape.outputBlocks <= 8 && shape.outputBlocks > 4 ? 4 : 8
        // Else about sixteen chunks: handing one over costs as much as a few rows.
        let width = isNarrow ? narrow : max(1, shape.outputBlocks / (16 * wide)) * wide
        let chunks = (shape.outputBlocks + width - 1) / width
        let (read, written) = (rows(source), rows(output))
        step(name, chunks: chunks, reads: [source], writes: [output]) {
            (placement) throws(ModelError) in
            let packed = try store.layer(key) { () throws(ModelError) in try pack(table) }
            let (from, to) = (placement[source], placement[output])
            let geometry = shape.geometry(
                from: read ?? (plane: from.plane, point: 16),
                to: written ?? (plane: to.plane, point: 16)
            )
            return { arena, chunk in
                table.convolve(
                    .blocked,
                    geometry,
                    input: from.position(in: arena),
                    weights: packed.weights.start,
                    bias: packed.bias.start,
                    output: to.position(in: arena),
                    blocks: chunk * width..<min((chunk + 1) * width, shape.outputBlocks)
                )
            }
        }
    }

    /// Floats between blocks and between points of a matrix that lies row by row.
    func rows(_ id: ValueID) -> (plane: Int, point: Int)? {
        guard self[id].layout == .dense else { return nil }
        return (plane: 16, point: shape(of: id).dimensions.last ?? 0)
    }
}
