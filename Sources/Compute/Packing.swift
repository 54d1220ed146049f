/// Brings ONNX weights into the order of the kernels; shapes are the caller's to check.
///
/// A part of a layer's outputs is a smaller layer: whole tiles may be packed one after the other, into the places that
/// follow each other in the whole.
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
        PackedWeights(count: order.blocks * 16 * blocks(of: inputs) * 16 * height * width) {
            convolution(
                weights.span,
                order,
                inputs: inputs,
                height: height,
                width: width,
                for: kernels,
                into: $0
            )
        }
    }

    /// The same into zeros.
    public static func convolution(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        inputs: Int,
        height: Int,
        width: Int,
        for kernels: KernelSet,
        into target: FloatPosition
    ) {
        let taps = height * width
        precondition(weights.count % max(1, inputs * taps) == 0, "weights are not [O, I, kh, kw]")
        SourceRows(inputs: inputs, taps: taps)
            .pack(weights, order, tile: kernels.blocksPerTile, into: target)
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
        return inOrder(weights, order, sums: sums, tile: kernels.blocksPerTile)
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
        return PackedWeights(count: blocks(of: outputs) * 16 * sums) {
            planes(weights.span, outputs: outputs, sums: sums, into: $0)
        }
    }

    /// The same into zeros; `sums` numbers are an output's.
    public static func planes(
        _ weights: Span<Float>,
        outputs: Int,
        sums: Int,
        into target: FloatPosition
    ) {
        precondition(weights.count == outputs * sums, "weights are not [O, I, kh, kw]")
        SourceRows(inOrder: sums).pack(weights, .plain(outputs), tile: 1, into: target)
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
        guard isInputMajor else {
            return convolution(weights, order, inputs: inputs, height: 1, width: 1, for: kernels)
        }
        return PackedWeights(count: order.blocks * 16 * blocks(of: inputs) * 16) {
            inputMajor(
                weights.span,
                order,
                outputs: outputs,
                inputs: 0..<inputs,
                of: inputs,
                for: kernels,
                into: $0
            )
        }
    }

    /// Some outputs of a dense product's [N][K], into zeros.
    public static func dense(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        inputs: Int,
        for kernels: KernelSet,
        into target: FloatPosition
    ) {
        convolution(
            weights,
            order,
            inputs: inputs,
            height: 1,
            width: 1,
            for: kernels,
            into: target
        )
    }

    /// The columns of [N][count], each in the order of lanes: `bias` added, and `step` from one to the next.
    public static func columns(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        plus bias: FloatPosition,
        count: Int,
        into target: FloatPosition,
        step: Int
    ) {
        for block in 0..<order.blocks {
            for column in 0..<count {
                let place = target + (column * step + block * 16)
                for lane in 0..<16 {
                    let output = order.sources[block * 16 + lane]
                    guard output >= 0 else { continue }
                    place[lane] = weights[output * count + column] + bias[block * 16 + lane]
                }
            }
        }
    }

    /// Some of the rows of a dense product's [K][N], `weights`, into zeros for all of them.
    public static func inputMajor(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        outputs: Int,
        inputs: Range<Int>,
        of allInputs: Int,
        for kernels: KernelSet,
        into target: FloatPosition
    ) {
        precondition(weights.count == inputs.count * outputs, "weights are not rows of a matrix")
        let sums = blocks(of: allInputs) * 16
        let tile = kernels.blocksPerTile
        for first in stride(from: 0, to: order.blocks, by: tile) {
            let lanes = first * 16..<min(first + tile, order.blocks) * 16
            let start = target + (first * sums * 16 + inputs.lowerBound * lanes.count)
            for row in 0..<inputs.count {
                for (place, lane) in lanes.enumerated() {
                    let output = order.sources[lane]
                    guard output >= 0 else { continue }
                    start[row * lanes.count + place] = weights[row * outputs + output]
                }
            }
        }
    }

    /// R [gates · hidden, hidden] for `recur`: [hidden / 16][hidden][gates][16].
    public static func recurrent(_ weights: [Float], gates: Int, hidden: Int) -> PackedWeights {
        precondition(weights.count == gates * hidden * hidden, "weights are not R")
        return PackedWeights(count: blocks(of: hidden) * gates * 16 * hidden) {
            recurrent(weights.span, gates: gates, hidden: hidden, states: hidden, into: $0)
        }
    }

    /// The same for some hidden units, `weights` [gates · hidden, states], into zeros.
    public static func recurrent(
        _ weights: Span<Float>,
        gates: Int,
        hidden: Int,
        states: Int,
        into target: FloatPosition
    ) {
        precondition(weights.count == gates * hidden * states, "weights are not rows of R")
        // A pack of one hidden block's gates is what a tile of that many blocks would be.
        SourceRows(inOrder: states)
            .pack(weights, .gates(gates, hidden: hidden), tile: gates, into: target)
    }

    /// A matrix [units, states] for `recur` with one gate: [units / 16][states][16].
    public static func recurrent(_ weights: [Float], units: Int, states: Int) -> PackedWeights {
        precondition(weights.count == units * states, "weights are not a matrix")
        return inOrder(weights, .plain(units), sums: states, tile: 1)
    }

    /// [O, rows, columns, I, kh, kw], kernels of every position's own, for `convolveLocal`:
    /// [position][O / 16][I / 16][kh][kw][16][16], or, planar, [position][O / 16][I][kh][kw][16].
    public static func local(
        _ weights: [Float],
        outputs: Int,
        positions: Int,
        inputs: Int,
        taps: Int,
        isPlanar: Bool
    ) -> PackedWeights {
        let length = inputs * taps
        precondition(weights.count == outputs * positions * length, "weights are not [O, p, I, k]")
        let rows = isPlanar ? SourceRows(inOrder: length) : SourceRows(inputs: inputs, taps: taps)
        let order = OutputOrder.plain(outputs)
        let perPosition = order.blocks * 16 * rows.sums
        return PackedWeights(count: positions * perPosition) { target in
            for position in 0..<positions {
                rows.pack(
                    weights.span,
                    order,
                    tile: 1,
                    from: position * length,
                    step: positions * length,
                    into: target + position * perPosition
                )
            }
        }
    }

    /// One number per output, such as a bias: [blocks][16].
    public static func vector(_ values: [Float], _ order: OutputOrder) -> PackedWeights {
        inOrder(values, order, sums: 1, tile: 1)
    }

    private static func inOrder(
        _ weights: [Float],
        _ order: OutputOrder,
        sums: Int,
        tile: Int
    ) -> PackedWeights {
        PackedWeights(count: order.sources.count * sums) {
            SourceRows(inOrder: sums).pack(weights.span, order, tile: tile, into: $0)
        }
    }
}
