/// Blocks of 16 that `channels` channels fill, the last perhaps in part.
public func blocks(of channels: Int) -> Int {
    (channels + 15) / 16
}

/// The block of which at most 8 of `channels` channels count, or -1; see `ConvolutionGeometry`.
public func halfBlock(of channels: Int) -> Int {
    (1...8).contains(channels % 16) ? channels / 16 : -1
}

/// Which of a layer's outputs each lane of its output blocks computes.
///
/// Lanes without an output have weights and bias zero.
public struct OutputOrder: Sendable {
    /// The output of each lane, or -1.
    let sources: [Int]

    public var blocks: Int { sources.count / 16 }

    /// Outputs as they come.
    public static func plain(_ outputs: Int) -> OutputOrder {
        OutputOrder(blocks: Compute.blocks(of: outputs)) { block, lane in
            let output = block * 16 + lane
            return output < outputs ? output : -1
        }
    }

    /// Outputs 2c and 2c + 1 side by side: lane c % 16 of blocks 2 (c / 16) and 2 (c / 16) + 1.
    public static func maxoutPairs(_ outputs: Int) -> OutputOrder {
        let pairs = outputs / 2
        return OutputOrder(blocks: 2 * Compute.blocks(of: pairs)) { block, lane in
            let pair = block / 2 * 16 + lane
            return pair < pairs ? 2 * pair + block % 2 : -1
        }
    }

    /// Gates [gates][hidden] so that a hidden block's gates follow each other.
    public static func gates(_ gates: Int, hidden: Int) -> OutputOrder {
        OutputOrder(blocks: Compute.blocks(of: hidden) * gates) { block, lane in
            let unit = block / gates * 16 + lane
            return unit < hidden ? block % gates * hidden + unit : -1
        }
    }

    private init(blocks: Int, source: (_ block: Int, _ lane: Int) -> Int) {
        sources = (0..<blocks * 16).map { source($0 / 16, $0 % 16) }
    }
}

/// Brings ONNX weights into the order of the kernels; shapes are the caller's to check.
public enum Packing {
    /// [O, I, kh, kw] for `convolve`: per tile [I / 16][kh][kw][16][Q · 16].
    public static func convolution(
        _ weights: [Float],
        _ order: OutputOrder,
        inputs: Int,
        height: Int,
        width: Int,
        for kernels: KernelSet
    ) -> PackedWeights {
        let taps = height * width
        let sums = blocks(of: inputs) * taps * 16
        precondition(weights.count % max(1, inputs * taps) == 0, "weights are not [O, I, kh, kw]")
        return tiles(order, sums: sums, kernels.blocksPerTile) { output, sum in
            let input = sum / (taps * 16) * 16 + sum % 16
            let tap = sum / 16 % taps
            return input < inputs ? weights[(output * inputs + input) * taps + tap] : 0
        }
    }

    /// [O, I, kh, kw] for `convolvePlanar`: per tile [I][kh][kw][Q · 16].
    public static func planar(
        _ weights: [Float],
        _ order: OutputOrder,
        inputs: Int,
        height: Int,
        width: Int,
        for kernels: KernelSet
    ) -> PackedWeights {
        let sums = inputs * height * width
        precondition(weights.count % max(1, sums) == 0, "weights are not [O, I, kh, kw]")
        return tiles(order, sums: sums, kernels.blocksPerTile) { output, sum in
            weights[output * sums + sum]
        }
    }

    /// [O, I, kh, kw] for `convolvePlanes` and, with I = 1, `convolveDepthwise`: [O / 16][I][kh][kw][16].
    public static func planes(
        _ weights: [Float],
        outputs: Int,
        inputs: Int,
        height: Int,
        width: Int
    ) -> PackedWeights {
        let sums = inputs * height * width
        precondition(weights.count == outputs * sums, "weights are not [O, I, kh, kw]")
        return tiles(.plain(outputs), sums: sums, 1) { output, sum in weights[output * sums + sum] }
    }

    /// A dense product's weights, [N][K] or, if `isInputMajor`, [K][N], for a 1x1 `convolve`.
    public static func dense(
        _ weights: [Float],
        _ order: OutputOrder,
        inputs: Int,
        outputs: Int,
        isInputMajor: Bool,
        for kernels: KernelSet
    ) -> PackedWeights {
        precondition(weights.count == inputs * outputs, "weights are not a matrix")
        return tiles(order, sums: blocks(of: inputs) * 16, kernels.blocksPerTile) { output, input in
            guard input < inputs else { return 0 }
            return isInputMajor
                ? weights[input * outputs + output] : weights[output * inputs + input]
        }
    }

    /// R [gates · hidden, hidden] for `recur`: [hidden / 16][hidden][gates][16].
    public static func recurrent(_ weights: [Float], gates: Int, hidden: Int) -> PackedWeights {
        precondition(weights.count == gates * hidden * hidden, "weights are not R")
        // A pack of one hidden block's gates is what a tile of that many blocks would be.
        return tiles(.gates(gates, hidden: hidden), sums: hidden, gates) { output, input in
            weights[output * hidden + input]
        }
    }

    /// A matrix [units, states] for `recur` with one gate: [units / 16][states][16].
    public static func recurrent(_ weights: [Float], units: Int, states: Int) -> PackedWeights {
        precondition(weights.count == units * states, "weights are not a matrix")
        return tiles(.plain(units), sums: states, 1) { output, input in
            weights[output * states + input]
        }
    }

    /// One number per output, such as a bias: [blocks][16].
    public static func vector(_ values: [Float], _ order: OutputOrder) -> PackedWeights {
        tiles(order, sums: 1, 1) { output, _ in values[output] }
    }

    /// For each tile of up to `tile` blocks: every sum's weights, [sums][blocks][16].
    private static func tiles(
        _ order: OutputOrder,
        sums: Int,
        _ tile: Int,
        _ weight: (_ output: Int, _ sum: Int) -> Float
    ) -> PackedWeights {
        PackedWeights(count: order.sources.count * sums) { target in
            var position = 0
            for first in stride(from: 0, to: order.blocks, by: tile) {
                let lanes = first * 16..<min(first + tile, order.blocks) * 16
                for sum in 0..<sums {
                    for lane in lanes {
                        let output = order.sources[lane]
                        if output >= 0 { target[position] = weight(output, sum) }
                        position += 1
                    }
                }
            }
        }
    }
}
