import Compute
import Graph

/// A normalisation as y = scale · x + shift, one pair per channel.
struct AffineChannels {
    let scale: [Float]
    let shift: [Float]

    /// Reads scale, bias, mean and variance: inputs 1 to 4 of the node.
    init(
        _ node: Node,
        epsilon: Float,
        constant: (Int) -> [Float]?
    ) throws(ModelError) {
        guard let gamma = constant(1), let beta = constant(2), let mean = constant(3),
            let variance = constant(4), gamma.count == beta.count, gamma.count == mean.count,
            gamma.count == variance.count
        else {
            throw .shape(
                node: node.name,
                reason: "scale, bias, mean and variance must be constants of one length"
            )
        }
        var (scale, shift): ([Float], [Float]) = ([], [])
        for channel in gamma.indices {
            let factor =
                Double(gamma[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot()
            scale.append(Float(factor))
            shift.append(Float(Double(beta[channel]) - factor * Double(mean[channel])))
        }
        self.scale = scale
        self.shift = shift
    }

    /// [block][scale × 16, shift × 16].
    func blocked() -> FloatStorage {
        let storage = FloatStorage(count: blocks(of: scale.count) * 32)
        for channel in scale.indices {
            let start = channel / 16 * 32 + channel % 16
            storage[start] = scale[channel]
            storage[start + 16] = shift[channel]
        }
        return storage
    }
}
