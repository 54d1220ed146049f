import Compute

extension ConvolutionLowering {
    /// The kernel's weights as `method` reads them, and the bias; those of a tiling one after the other.
    func pack(_ method: Method, for table: KernelSet) throws(ModelError) -> PackedLayer {
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
        let values = try kernel.values.read()
        let (height, width) = (kernel.shape[2], kernel.shape[3])
        let order: OutputOrder =
            activation == .maxout ? .maxoutPairs(outputs) : .plain(outputs)
        let bias = Packing.vector(
            kernel.bias ?? Array(repeating: 0, count: outputs),
            order
        )
        func packed(_ values: [Float], inputs: Int) -> PackedWeights {
            Packing.convolution(
                values,
                order,
                inputs: inputs,
                height: height,
                width: width,
                for: table
            )
        }
        switch method {
        case .planar:
            let weights = Packing.planar(
                values,
                order,
                inputs: kernel.shape[1],
                height: height,
                width: width,
                for: table
            )
            return PackedLayer(weights: weights, bias: bias)
        case .planes, .depthwise:
            let weights = Packing.planes(
                values,
                outputs: outputs,
                inputs: kernel.shape[1],
                height: height,
                width: width
            )
            return PackedLayer(weights: weights, bias: bias)
        case .expanded:
            let weights = packed(expanded(values), inputs: kernel.shape[1] * groups)
            return PackedLayer(weights: weights, bias: bias)
        case .blocked where groups > 1:
            return PackedLayer(
                weights: groupedWeights(values, table),
                bias: bias,
                groupStride: values.count / groups
            )
        case .blocked, .winograd4, .winograd2:
            return PackedLayer(weights: packed(values, inputs: kernel.shape[1]), bias: bias)
        }
    }

    /// [O, I, kh, kw] of one dense convolution, zero between channels of different groups.
    private func expanded(_ values: [Float]) -> [Float] {
        let taps = kernel.shape[2] * kernel.shape[3]
        let inputs = kernel.shape[1]
        var result = [Float](repeating: 0, count: values.count * groups)
        for output in 0..<outputs {
            let group = output / (outputs / groups)
            let source = output * inputs * taps
            let target = (output * groups + group) * inputs * taps
            for index in 0..<inputs * taps {
                result[target + index] = values[source + index]
            }
        }
        return result
    }

    /// Every group packed by itself, one after the other; groups are whole blocks.
    private func groupedWeights(_ values: [Float], _ table: KernelSet) -> PackedWeights {
        let perGroup = values.count / groups
        return PackedWeights(count: values.count) { target in
            for group in 0..<groups {
                let part = Packing.convolution(
                    Array(values[group * perGroup..<(group + 1) * perGroup]),
                    .plain(outputs / groups),
                    inputs: kernel.shape[1],
                    height: kernel.shape[2],
                    width: kernel.shape[3],
                    for: table
                )
                (target + group * perGroup).copy(from: part.start, count: perGroup)
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
        let order: OutputOrder = maxoutPairs ? .maxoutPairs(units) : .plain(units)
        return PackedLayer(
            weights: Packing.dense(
                try values.read(),
                order,
                inputs: inputs,
                outputs: units,
                isInputMajor: !isUnitMajor,
                for: table
            ),
            bias: Packing.vector(bias, order)
        )
    }
}

extension RecurrentWeights {
    private var order: OutputOrder { .gates(gates, hidden: hidden) }

    /// W for the product of a whole sequence.
    func packedInput(bias: [Float], for table: KernelSet) throws(ModelError) -> PackedLayer {
        PackedLayer(
            weights: Packing.dense(
                try input.read(),
                order,
                inputs: inputs,
                outputs: gates * hidden,
                isInputMajor: false,
                for: table
            ),
            bias: Packing.vector(bias, order)
        )
    }

    /// W's column of each one-hot input, bias added: [inputs][hidden block][gates][16].
    func packedTable(bias: [Float]) throws(ModelError) -> PackedLayer {
        let input = try input.read()
        let width = order.blocks * 16
        let table = PackedWeights(count: inputs * width) { target in
            for column in 0..<inputs {
                let values = (0..<gates * hidden).map { input[$0 * inputs + column] + bias[$0] }
                let row = Packing.vector(values, order)
                (target + column * width).copy(from: row.start, count: width)
            }
        }
        return PackedLayer(weights: table, bias: Packing.vector([], .plain(0)))
    }

    /// R, and the bias that a GRU adds before it resets.
    func packedRecurrent() throws(ModelError) -> PackedLayer {
        PackedLayer(
            weights: Packing.recurrent(try recurrent.read(), gates: gates, hidden: hidden),
            bias: Packing.vector(hiddenGateBias, .plain(hidden))
        )
    }
}
