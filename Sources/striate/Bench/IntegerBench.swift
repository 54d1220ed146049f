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
    }

    /// A convolution of bytes with channels side by side, padding included, whose results are bytes again.
    private func bytes(
        _ name: String,
        channels: Int,
        outputs: Int,
        side: Int,
        kernel: Int
    ) -> Contender {
        let (padded, taps) = (side + kernel - 1, kernel * kernel)
        let rowsPerList = max(1, min(side, 48 / side))
        let input = FloatStorage(count: padded * padded * channels / 4 + 16)
        input.start.bytes.fill(3, count: padded * padded * channels)
        let weights = PackedIntegers(bytes: outputs * taps * channels) {
            $0.fill(1, count: outputs * taps * channels)
        }
        let list = FloatStorage(count: 2 * rowsPerList * side * taps)
        list.start.bytes.withMutableIntegers(count: rowsPerList * side * taps) { places in
            for index in places.indices {
                let (pixel, tap) = index.quotientAndRemainder(dividingBy: taps)
                let row = pixel / side + tap / kernel
                places[index] = (row * padded + pixel % side + tap % kernel) * channels
            }
        }
        let numbers = FloatStorage([Float](repeating: 1e-4, count: 3 * outputs))
        numbers.start.bytes.clear(bytes: 4 * outputs)
        let output = FloatStorage(count: side * side * outputs / 4 + 16)
        return Contender(
            name: name,
            multiplyAdds: side * side * outputs * taps * channels,
            isInteger: true
        ) {
            for first in stride(from: 0, to: side, by: rowsPerList) {
                let rows = min(rowsPerList, side - first)
                kernels.multiplyIntegers(
                    IntegerRows(taps: taps, channels: channels),
                    at: input.start.bytes + first * padded * channels,
                    offsets: list.start.bytes,
                    count: rows * side,
                    weights: weights.start,
                    outputs: outputs,
                    OutputNumbers(
                        bias: numbers.start.bytes,
                        scale: numbers.start + outputs,
                        addend: numbers.start + 2 * outputs
                    ),
                    .quantized(zero: 0, range: 0...255),
                    into: output.start.bytes + first * side * outputs,
                    row: outputs
                )
            }
        }
    }
}
