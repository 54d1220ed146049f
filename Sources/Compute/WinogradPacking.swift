extension Packing {
    /// [O, I, 3, 3] for `winogradOutput`: per chunk of `width` blocks [(size + 2)^2][pack of blocks][I / 16][16][Q · 16].
    ///
    /// Each `group` of blocks is cut into chunks of its own. The transform G g Gt is computed in double precision.
    public static func winograd(
        _ weights: [Float],
        _ order: OutputOrder,
        inputs: Int,
        size: Int,
        width: Int,
        group: Int,
        for kernels: KernelSet
    ) -> PackedWeights {
        precondition(weights.count % max(1, inputs * 9) == 0, "weights are not [O, I, 3, 3]")
        let values = (size + 2) * (size + 2)
        let rows = blocks(of: inputs) * 16
        var kernel = WinogradKernels(size: size)
        return PackedWeights(count: order.blocks * values * rows * 16) { target in
            let chunks = stride(from: 0, to: order.blocks, by: group).flatMap { start in
                stride(from: start, to: start + group, by: width).map { ($0, start + group) }
            }
            for (first, end) in chunks {
                let count = min(width, end - first)
                let chunk = target + first * values * rows * 16
                for block in first..<first + count {
                    let pack = (block - first) / kernels.blocksPerTile * kernels.blocksPerTile
                    let packed = min(kernels.blocksPerTile, count - pack)
                    let column = (block - first - pack) * 16
                    for start in stride(from: 0, to: inputs, by: WinogradKernels.together) {
                        let some = start..<min(start + WinogradKernels.together, inputs)
                        kernel.transform(weights, order, block: block, of: inputs, some)
                        for value in 0..<values {
                            let row = chunk + ((value * count + pack) * rows * 16 + column)
                            for input in some {
                                (row + input * packed * 16)
                                    .copy(from: kernel.result(value, input - start), count: 16)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// U = G g Gt for interpolation points 0, 1, -1, infinity and, for tiles of 4, 2 and -2: sixteen outputs at once.
private struct WinogradKernels {
    /// Inputs transformed before their values are stored, so that each of the 36 distant places gets whole lines.
    static let together = 8

    private static let small: [Double] = [1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1]
    private static let large: [Double] = [
        1.0 / 4, 0, 0, -1.0 / 6, -1.0 / 6, -1.0 / 6, -1.0 / 6, 1.0 / 6, -1.0 / 6,
        1.0 / 24, 1.0 / 12, 1.0 / 6, 1.0 / 24, -1.0 / 12, 1.0 / 6, 0, 0, 1,
    ]

    private let side: Int
    /// G, row by row.
    private let matrix: [Double]
    /// [9][16]: the weights of one input.
    private let taps = FloatStorage(count: 9 * 16)
    /// [inputs][values][16].
    private let results = FloatStorage(count: together * 36 * 16)

    init(size: Int) {
        side = size + 2
        matrix = size == 2 ? Self.small : Self.large
    }

    /// The sixteen lanes of one value of one of the inputs transformed last.
    func result(_ value: Int, _ input: Int) -> FloatPosition {
        results.start + (input * side * side + value) * 16
    }

    mutating func transform(
        _ weights: [Float],
        _ order: OutputOrder,
        block: Int,
        of inputs: Int,
        _ some: Range<Int>
    ) {
        for input in some {
            for lane in 0..<16 {
                let output = order.sources[block * 16 + lane]
                let start = (max(output, 0) * inputs + input) * 9
                for tap in 0..<9 {
                    taps.start[tap * 16 + lane] = output < 0 ? 0 : weights[start + tap]
                }
            }
            transform(to: result(0, input - some.lowerBound))
        }
    }

    private func transform(to target: FloatPosition) {
        let wide = InlineArray<9, SIMD16<Double>> { SIMD16<Double>((taps.start + $0 * 16).lanes) }
        var columns = InlineArray<18, SIMD16<Double>>(repeating: .zero)
        for i in 0..<side {
            for j in 0..<3 {
                columns[i * 3 + j] =
                    matrix[i * 3] * wide[j] + matrix[i * 3 + 1] * wide[3 + j] + matrix[i * 3 + 2]
                    * wide[6 + j]
            }
        }
        for i in 0..<side {
            for j in 0..<side {
                let sum =
                    matrix[j * 3] * columns[i * 3] + matrix[j * 3 + 1] * columns[i * 3 + 1]
                    + matrix[j * 3 + 2] * columns[i * 3 + 2]
                (target + (i * side + j) * 16).lanes = SIMD16<Float>(sum)
            }
        }
    }
}

extension FloatPosition {
    /// Sixteen floats from here.
    fileprivate var lanes: SIMD16<Float> {
        get { unsafe UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self) }
        nonmutating set {
            unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: newValue, as: SIMD16<Float>.self)
        }
    }
}
