/// x = (sample · rescale − mean) / scale for each channel of a network.
struct PictureNormalisation: Sendable {
    private let mean: [Float]
    private let scale: [Float]
    /// nil: samples are divided by 255.
    private let rescale: Float?
    /// Whether the network's first channel is a picture's last: blue.
    private let isReversed: Bool
    /// x of every byte, for one channel after the other.
    let table: [Float]

    init(mean: [Float], scale: [Float], rescale: Float?, isReversed: Bool) {
        (self.mean, self.scale) = (mean, scale)
        (self.rescale, self.isReversed) = (rescale, isReversed)
        table = mean.indices.flatMap { channel in
            (0..<256).map { sample in
                Self.value(Float(sample), rescale, mean[channel], scale[channel])
            }
        }
    }

    /// x of a number from 0 to 255 in a channel.
    func value(of sample: Float, in channel: Int) -> Float {
        Self.value(sample, rescale, mean[channel], scale[channel])
    }

    /// The channel of a picture that a channel of the network is made of.
    func source(of channel: Int) -> Int {
        isReversed ? mean.count - 1 - channel : channel
    }

    private static func value(
        _ sample: Float,
        _ rescale: Float?,
        _ mean: Float,
        _ scale: Float
    ) -> Float {
        ((rescale.map { sample * $0 } ?? sample / 255) - mean) / scale
    }
}
