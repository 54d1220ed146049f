import Compute

extension KernelBench {
    /// Layers of bytes, each beside the core's peak of them.
    func integerLayers() -> [Contender] {
        [
            bytes("bytes, conv 3×3 64→64 56×56", channels: 64, outputs: 64, side: 56, kernel: 3),
            bytes(
                "bytes, conv 1×1 256→256 14×14",
                channels: 256,
                outputs: 256,
                side: 14,
                kernel: 1
            ),
            bytes("bytes, dense 512→512, one row", channels: 512, outputs: 512, side: 1, kernel: 1),
        ]
            + (kernels.multipliesSquares
                ? [
                    squares(
                        "bytes, 3×3 64→64 56×56, in squares",
                        channels: 64,
                        outputs: 64,
                        side: 56
                    )
                ]
                : [])
    }

    /// A convolution of bytes with channels side by side, padding included, whose results are bytes again.
    private func bytes(
        _ name: String,
        channels: Int,
        outputs: Int,
        side: Int,
        kernel: Int
    ) -> Contender {
        let layer = ByteLayer(
            channels: channels,
            outputs: outputs,
            side: side,
            kernel: kernel,
            weightBytes: outputs * kernel * kernel * channels
        )
        return Contender(name: name, multiplyAdds: layer.multiplyAdds, isInteger: true) {
            layer.forEachList { input, count, result in
                kernels.multiplyIntegers(
                    layer.rows,
                    at: input,
                    offsets: layer.list.start.bytes,
                    count: count,
                    weights: layer.weights.start,
                    outputs: outputs,
                    layer.outputNumbers,
                    .quantized(zero: 0, range: 0...255),
                    into: result,
                    row: outputs
                )
            }
        }
    }

    /// The same of 3×3 by 16 products for four windows: of the peak it may take more than all.
    private func squares(_ name: String, channels: Int, outputs: Int, side: Int) -> Contender {
        let layer = ByteLayer(
            channels: channels,
            outputs: outputs,
            side: side,
            kernel: 3,
            weightBytes: outputs * 32 * channels
        )
        let scratch = FloatStorage(count: KernelSet.squaresScratch(channels: channels))
        return Contender(name: name, multiplyAdds: layer.multiplyAdds, isInteger: true) {
            layer.forEachList { input, count, result in
                kernels.multiplyIntegerSquares(
                    layer.rows,
                    columns: side,
                    at: input,
                    offsets: layer.list.start.bytes,
                    count: count,
                    weights: layer.weights.start,
                    scratch: scratch.start.bytes,
                    outputs: outputs,
                    layer.outputNumbers,
                    .quantized(zero: 0, range: 0...255),
                    into: result,
                    row: outputs
                )
            }
        }
    }
}

/// A convolution's bytes, weights and list of places; how large they are alone matters.
private struct ByteLayer: Sendable {
    let channels: Int
    let outputs: Int
    let side: Int
    let kernel: Int
    let input: FloatStorage
    let weights: PackedIntegers
    let list: FloatStorage
    let numbers: FloatStorage
    let output: FloatStorage

    var rows: IntegerRows { IntegerRows(taps: kernel * kernel, channels: channels) }
    var multiplyAdds: Int { side * side * outputs * kernel * kernel * channels }
    private var padded: Int { side + kernel - 1 }
    /// An even number, as squares of windows need it.
    private let rowsPerList: Int

    var outputNumbers: OutputNumbers {
        OutputNumbers(
            bias: numbers.start.bytes,
            scale: numbers.start + outputs,
            addend: numbers.start + 2 * outputs
        )
    }

    init(channels: Int, outputs: Int, side: Int, kernel: Int, weightBytes: Int) {
        (self.channels, self.outputs, self.side, self.kernel) = (channels, outputs, side, kernel)
        let (padded, taps) = (side + kernel - 1, kernel * kernel)
        rowsPerList = min(side, max(1, 24 / side) * 2)
        input = FloatStorage(count: padded * padded * channels / 4 + 16)
        input.start.bytes.fill(3, count: padded * padded * channels)
        weights = PackedIntegers(bytes: weightBytes) { $0.fill(1, count: weightBytes) }
        list = FloatStorage(count: 2 * rowsPerList * side * taps)
        list.start.bytes.withMutableIntegers(count: rowsPerList * side * taps) { places in
            for index in places.indices {
                let (pixel, tap) = index.quotientAndRemainder(dividingBy: taps)
                let row = pixel / side + tap / kernel
                places[index] = (row * padded + pixel % side + tap % kernel) * channels
            }
        }
        numbers = FloatStorage([Float](repeating: 1e-4, count: 3 * outputs))
        numbers.start.bytes.clear(bytes: 4 * outputs)
        output = FloatStorage(count: side * side * outputs / 4 + 16)
    }

    /// The input and the result of each list of windows, and how many there are.
    func forEachList(_ body: (_ input: BytePosition, _ count: Int, _ result: BytePosition) -> Void)
    {
        for first in stride(from: 0, to: side, by: rowsPerList) {
            body(
                input.start.bytes + first * padded * channels,
                min(rowsPerList, side - first) * side,
                output.start.bytes + first * side * outputs
            )
        }
    }
}
