import Graph

/// Which convolutions of bytes are computed in squares of four windows where a processor multiplies pairs of 16 bits.
enum IntegerSquares {
    /// Weights take 32 bytes for 9: beyond this many kernels reading them takes as long as the products that they save.
    private static let mostKernels = 1 << 18
    /// Of longer rows too few squares fit the cache; of fewer outputs most of a block is padding.
    private static let mostChannels = 1024
    private static let leastOutputs = 8

    static func take(_ rows: WindowAxis, _ columns: WindowAxis, _ size: IntegerWeights.Size) -> Bool
    {
        let move = [rows, columns].allSatisfy {
            $0.kernel == 3 && $0.stride == 1 && $0.dilation == 1
        }
        return move && size.channels % 16 == 0 && size.channels <= mostChannels
            && size.outputs >= leastOutputs && size.outputs * size.channels <= mostKernels
    }
}
