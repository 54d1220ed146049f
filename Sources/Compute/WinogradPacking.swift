extension Packing {
    /// [O, I, 3, 3] for `winogradOutput`: per chunk of `width` blocks [(size + 2)^2][pack of blocks][I / 16][16][Q · 16].
    ///
    /// Outputs of a group fill whole chunks. The transform G g Gt is computed in double precision, and into zeros.
    public static func winograd(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        inputs: Int,
        size: Int,
        width: Int,
        for kernels: KernelSet,
        into target: FloatPosition
    ) {
        precondition(weights.count % max(1, inputs * 9) == 0, "weights are not [O, I, 3, 3]")
        let values = (size + 2) * (size + 2)
        let rows = blocks(of: inputs) * 16
        let kernel = WinogradKernels(size: size, kernels: kernels)
        for first in stride(from: 0, to: order.blocks, by: width) {
            let count = min(width, order.blocks - first)
            let chunk = target + first * values * rows * 16
            for block in first..<first + count {
                let pack = (block - first) / kernels.blocksPerTile * kernels.blocksPerTile
                let packed = min(kernels.blocksPerTile, count - pack)
                let column = (block - first - pack) * 16
                for start in stride(from: 0, to: inputs, by: WinogradKernels.together) {
                    let group = start..<min(start + WinogradKernels.together, inputs)
                    kernel.transform(weights, order, block: block, of: inputs, group)
                    for value in 0..<values {
                        let row = chunk + ((value * count + pack) * rows * 16 + column)
                        for input in group {
                            (row + input * packed * 16)
                                .copy(from: kernel.result(value, input - start), count: 16)
                        }
                    }
                    giveWay()
                }
            }
        }
    }
}

/// U = G g Gt of sixteen outputs at once.
private struct WinogradKernels {
    /// Inputs transformed before their values are stored, so that each of the 36 distant places gets whole lines.
    static let together = 8

    private let size: Int
    private let kernels: KernelSet
    /// [9][16]: the weights of one input; lanes without an output stay zero.
    private let taps = FloatStorage(count: 9 * 16)
    /// [inputs][values][16].
    private let results = FloatStorage(count: together * 36 * 16)

    init(size: Int, kernels: KernelSet) {
        self.size = size
        self.kernels = kernels
    }

    /// The sixteen lanes of one value of one input of the group.
    func result(_ value: Int, _ input: Int) -> FloatPosition {
        results.start + (input * (size + 2) * (size + 2) + value) * 16
    }

    func transform(
        _ weights: Span<Float>,
        _ order: OutputOrder,
        block: Int,
        of inputs: Int,
        _ group: Range<Int>
    ) {
        for input in group {
            for lane in 0..<16 {
                let output = order.sources[block * 16 + lane]
                guard output >= 0 else {
                    for tap in 0..<9 { taps.start[tap * 16 + lane] = 0 }
                    continue
                }
                let start = (output * inputs + input) * 9
                let nine = weights.extracting(start..<start + 9)
                for tap in 0..<9 { taps.start[tap * 16 + lane] = nine[tap] }
            }
            kernels.winogradKernels(
                size: size,
                taps: taps.start,
                values: result(0, input - group.lowerBound)
            )
        }
    }
}
