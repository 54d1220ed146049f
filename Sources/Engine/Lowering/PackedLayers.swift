import Compute
import Graph

extension ConvolutionLowering {
    /// The kernel's weights as `method` reads them, and the bias; those of a tiling one after the other.
    func pack(_ method: Method, for table: KernelSet) throws(ModelError) -> PackedLayer {
        if packed != nil {
            let perGroup = outputBlocks / groups * blocks(of: kernel.shape[1]) * 256
            return PackedLayer(
                weights: Packing.vector([], .plain(0)),
                bias: packedBias,
                groupStride: perGroup * kernel.shape[2] * kernel.shape[3]
            )
        }
        guard kernel.tiling.count > 1 else { return try packOne(method, for: table) }
        var layers: [PackedLayer] = []
        for index in 0..<kernel.tiling.count {
            let one = ConvolutionLowering(
                node: node,
                windows: windows,
                groups: groups,
                activation: activation,
                kernel: kernel.tile(index)
            )
            layers.append(try one.packOne(method, for: table))
        }
        return PackedLayer(
            weights: PackedWeights(joining: layers.map(\.weights)),
            bias: PackedWeights(joining: layers.map(\.bias))
        )
    }

    private func packOne(
        _ method: Method,
        for table: KernelSet
    ) throws(ModelError) -> PackedLayer {
        let (inputs, height, width) = (kernel.shape[1], kernel.shape[2], kernel.shape[3])
        switch method {
        case .planar:
            let weights = Packing.planar(
                try kernel.values.read(),
                order(outputs),
                inputs: inputs,
                height: height,
                width: width,
                for: table
            )
            return PackedLayer(weights: weights, bias: packedBias)
        case .planes, .squares, .depthwise:
            let weights = Packing.planes(
                try kernel.values.read(),
                outputs: outputs,
                inputs: inputs,
                height: height,
                width: width
            )
            return PackedLayer(weights: weights, bias: packedBias)
        case .blocked, .winograd4, .winograd2:
            return PackedLayer(
                weights: try packedBlocks(for: table),
                bias: packedBias,
                groupStride: groups > 1 ? kernel.values.count / groups : 0
            )
        }
    }

    /// Which of `count` outputs each lane computes.
    func order(_ count: Int) -> OutputOrder {
        activation == .maxout ? .maxoutPairs(count) : .plain(count)
    }

    var packedBias: PackedWeights {
        Packing.vector(kernel.bias ?? Array(repeating: 0, count: outputs), order(outputs))
    }

    /// Every group packed by itself, one after the other; several groups are whole blocks.
    private func packedBlocks(for table: KernelSet) throws(ModelError) -> PackedWeights {
        let (inputs, height, width) = (kernel.shape[1], kernel.shape[2], kernel.shape[3])
        let perBlock = 16 * blocks(of: inputs) * 16 * height * width
        return try PackedWeights(count: outputBlocks * perBlock) { target throws(ModelError) in
            try forEachPiece(blocks: table.blocksPerTile) { first, numbers, order in
                Packing.convolution(
                    numbers.span,
                    order,
                    inputs: inputs,
                    height: height,
                    width: width,
                    for: table,
                    into: target + first * perBlock
                )
            }
        }
    }

    /// G g Gt of every kernel, each chunk of `width` output blocks by itself.
    func packWinograd(
        size: Int,
        width: Int,
        for table: KernelSet
    ) throws(ModelError) -> PackedLayer {
        let inputs = kernel.shape[1]
        let perBlock = 16 * blocks(of: inputs) * 16 * (size + 2) * (size + 2)
        let weights = try PackedWeights(count: outputBlocks * perBlock) {
            (target) throws(ModelError) in
            try forEachPiece(blocks: width) { first, numbers, order in
                Packing.winograd(
                    numbers.span,
                    order,
                    inputs: inputs,
                    size: size,
                    width: width,
                    for: table,
                    into: target + first * perBlock
                )
            }
        }
        return PackedLayer(weights: weights, bias: packedBias)
    }

    /// The weights of some outputs of a group at a time, whole multiples of so many blocks, and their first block.
    private func forEachPiece(
        blocks: Int,
        _ body: (_ first: Int, _ numbers: [Float], _ order: OutputOrder) -> Void
    ) throws(ModelError) {
        let perGroup = outputs / groups
        let values =
            kernel.values.isDivisible ? kernel.values : StoredFloats(try kernel.values.read())
        for group in 0..<groups {
            try values.part(group, of: groups).forEachPiece(
                rows: perGroup,
                step: blocks * activation.channelsPerOutput * 16
            ) { rows, numbers in
                let first = (group * perGroup + rows.lowerBound) / 16
                body(first, numbers, order(rows.count))
            }
        }
    }
}

extension MatrixWeights {
    func packed(
        bias: [Float],
        maxoutPairs: Bool,
        for table: KernelSet
    ) throws(ModelError) -> PackedLayer {
        func order(_ units: Int) -> OutputOrder {
            maxoutPairs ? .maxoutPairs(units) : .plain(units)
        }
        let all = order(units)
        let perBlock = 16 * blocks(of: inputs) * 16
        let weights = try PackedWeights(count: all.blocks * perBlock) {
            (target) throws(ModelError) in
            guard isUnitMajor else {
                return try values.forEachPiece(rows: inputs) { rows, numbers in
                    Packing.inputMajor(
                        numbers.span,
                        all,
                        outputs: units,
                        inputs: rows,
                        of: inputs,
                        for: table,
                        into: target
                    )
                }
            }
            let step = 16 * table.blocksPerTile * (maxoutPairs ? 2 : 1)
            try values.forEachPiece(rows: units, step: step) { rows, numbers in
                Packing.dense(
                    numbers.span,
                    order(rows.count),
                    inputs: inputs,
                    for: table,
                    into: target + rows.lowerBound / 16 * perBlock
                )
            }
        }
        return PackedLayer(weights: weights, bias: Packing.vector(bias, all))
    }
}

extension RecurrentWeights {
    func order(_ units: Int) -> OutputOrder { .gates(gates, hidden: units) }

    /// W for the product of a whole sequence.
    func packedInput(bias: [Float], for table: KernelSet) throws(ModelError) -> PackedLayer {
        let all = order(hidden)
        let perBlock = 16 * blocks(of: inputs) * 16
        let weights = try PackedWeights(count: all.blocks * perBlock) {
            (target) throws(ModelError) in
            // Whole tiles of blocks of gates.
            try input.forEachPiece(rows: hidden, of: gates, step: 16 * table.blocksPerTile) {
                units,
                numbers in
                Packing.dense(
                    numbers.span,
                    order(units.count),
                    inputs: inputs,
                    for: table,
                    into: target + units.lowerBound / 16 * gates * perBlock
                )
            }
        }
        return PackedLayer(weights: weights, bias: Packing.vector(bias, all))
    }

    /// W's column of each one-hot input, bias added: [inputs][hidden block][gates][16].
    func packedTable(bias: [Float]) throws(ModelError) -> PackedLayer {
        let width = blocks(of: hidden) * gates * 16
        let bias = Packing.vector(bias, order(hidden))
        let table = try PackedWeights(count: inputs * width) { target throws(ModelError) in
            try input.forEachPiece(rows: hidden, of: gates, step: 16) { units, numbers in
                let first = units.lowerBound * gates
                Packing.columns(
                    numbers.span,
                    order(units.count),
                    plus: bias.start + first,
                    count: inputs,
                    into: target + first,
                    step: width
                )
            }
        }
        return PackedLayer(weights: table, bias: Packing.vector([], .plain(0)))
    }

    /// R, and the bias that a GRU adds before it resets.
    func packedRecurrent() throws(ModelError) -> PackedLayer {
        let perBlock = 16 * gates * hidden
        let weights = try PackedWeights(count: blocks(of: hidden) * perBlock) {
            (target) throws(ModelError) in
            try recurrent.forEachPiece(rows: hidden, of: gates, step: 16) { units, numbers in
                Packing.recurrent(
                    numbers.span,
                    gates: gates,
                    hidden: units.count,
                    states: hidden,
                    into: target + units.lowerBound / 16 * perBlock
                )
            }
        }
        return PackedLayer(
            weights: weights,
            bias: Packing.vector(hiddenGateBias, .plain(hidden))
        )
    }
}
