import Compute
import Graph

extension ConvolutionLowering {
    /// The same convolution with as many neighbouring groups in one as fill blocks of channels, or all of them; nil where
    /// groups are blocks, or channels, already.
    var larger: ConvolutionLowering? {
        guard groups > 1, kernel.shape.rank == 4, outputs % groups == 0 else { return nil }
        let (inputs, perGroup, isPaired) = (
            kernel.shape[1], outputs / groups, activation == .maxout
        )
        guard inputs > 1 || perGroup > 1 || isPaired else { return nil }
        let filling = (1..<groups).first { count in
            groups % count == 0 && count * inputs % 16 == 0 && count * perGroup % 16 == 0
        }
        let merged = isPaired ? groups : filling ?? groups
        guard merged > 1 else { return nil }
        let taps = kernel.shape[2] * kernel.shape[3]
        let (values, rows) = (kernel.values, outputs * kernel.tiling.count)
        let shape: Shape = [outputs, inputs * merged, kernel.shape[2], kernel.shape[3]]
        let filled = StoredFloats(count: shape.count * kernel.tiling.count) {
            () throws(ModelError) in
            let numbers = try values.read()
            var result = [Float](repeating: 0, count: rows * inputs * merged * taps)
            for output in 0..<rows {
                let own = output / perGroup % merged
                let target = (output * merged + own) * inputs * taps
                let source = output * inputs * taps
                for index in 0..<inputs * taps { result[target + index] = numbers[source + index] }
            }
            return result
        }
        return ConvolutionLowering(
            node: node,
            windows: windows,
            groups: groups / merged,
            activation: activation,
            kernel: Kernel(
                shape: shape,
                values: filled,
                bias: kernel.bias,
                key: "\(kernel.key)/\(merged) in one",
                isSeries: kernel.isSeries,
                tiling: kernel.tiling
            ),
            addend: addend,
            merged: merged
        )
    }
}
