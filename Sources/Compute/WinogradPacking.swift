extension Packing {
    /// [O, I, 3, 3] for `winogradOutput`: per chunk of `width` blocks [(size + 2)^2][pack of blocks][I / 16][16][Q · 16].
    ///
    /// Outputs of a group fill whole chunks. The transform G g Gt is computed in double precision.
    public static func winograd(
        _ weights: [Float],
        _ order: OutputOrder,
        inputs: Int,
        size: Int,
        width: Int,
        for kernels: KernelSet
    ) -> PackedWeights {
        precondition(weights.count % max(1, inputs * 9) == 0, "weights are not [O, I, 3, 3]")
        let values = (size + 2) * (size + 2)
        let rows = blocks(of: inputs) * 16
        return PackedWeights(count: order.blocks * values * rows * 16) { target in
            for first in stride(from: 0, to: order.blocks, by: width) {
                let count = min(width, order.blocks - first)
                let chunk = target + first * values * rows * 16
                for block in first..<first + count {
                    let pack = (block - first) / kernels.blocksPerTile * kernels.blocksPerTile
                    let packed = min(kernels.blocksPerTile, count - pack)
                    let column = (block - first - pack) * 16
                    for lane in 0..<16 {
                        let output = order.sources[block * 16 + lane]
                        guard output >= 0 else { continue }
                        for input in 0..<inputs {
                            let transformed = WinogradKernel.transform(
                                weights,
                                at: (output * inputs + input) * 9,
                                size: size
                            )
                            for value in 0..<values {
                                let place = (value * count + pack) * rows + input * packed
                                chunk[place * 16 + column + lane] = transformed[value]
                            }
                        }
                    }
                }
            }
        }
    }
}

/// U = G g Gt for interpolation points 0, 1, -1, infinity and, for tiles of 4, 2 and -2.
enum WinogradKernel {
    private static let small: [[Double]] = [
        [1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1],
    ]
    private static let large: [[Double]] = [
        [1.0 / 4, 0, 0], [-1.0 / 6, -1.0 / 6, -1.0 / 6], [-1.0 / 6, 1.0 / 6, -1.0 / 6],
        [1.0 / 24, 1.0 / 12, 1.0 / 6], [1.0 / 24, -1.0 / 12, 1.0 / 6], [0, 0, 1],
    ]

    /// The (size + 2)^2 values of the nine weights at `start`.
    static func transform(_ weights: [Float], at start: Int, size: Int) -> InlineArray<36, Float> {
        let matrix = size == 2 ? small : large
        let side = size + 2
        var columns = InlineArray<18, Double>(repeating: 0)
        for i in 0..<side {
            for j in 0..<3 {
                var sum = 0.0
                for k in 0..<3 { sum += matrix[i][k] * Double(weights[start + k * 3 + j]) }
                columns[i * 3 + j] = sum
            }
        }
        var result = InlineArray<36, Float>(repeating: 0)
        for i in 0..<side {
            for j in 0..<side {
                var sum = 0.0
                for k in 0..<3 { sum += columns[i * 3 + k] * matrix[j][k] }
                result[i * side + j] = Float(sum)
            }
        }
        return result
    }
}
