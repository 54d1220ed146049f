/// x = (sample · rescale − mean) / scale for each channel of a network.
struct PictureNormalisation: Sendable {
    private let mean: [Float]
    private let scale: [Float]
    /// nil: samples are divided by 255.
    private let rescale: Float?
    /// Whether the network's first channel is a picture's last: blue.
    private let isReversed: Bool
    /// Whether a pixel's channels lie side by side in the network's input.
    let isChannelsLast: Bool
    /// x of every byte, for one channel after the other.
    private(set) var table: [Float]

    init(
        mean: [Float],
        scale: [Float],
        rescale: Float?,
        isReversed: Bool,
        isChannelsLast: Bool
    ) {
        (self.mean, self.scale) = (mean, scale)
        self.isChannelsLast = isChannelsLast
        (self.rescale, self.isReversed) = (rescale, isReversed)
        table = []
        table = mean.indices.flatMap { channel in
            (0..<256).map { value(of: Float($0), in: channel) }
        }
    }

    /// x of a number from 0 to 255 in a channel.
    func value(of sample: Float, in channel: Int) -> Float {
        let share = rescale.map { sample * $0 } ?? sample / 255
        return (share - mean[channel]) / scale[channel]
    }

    /// The channel of a picture that a channel of the network is made of.
    func source(of channel: Int) -> Int {
        isReversed ? mean.count - 1 - channel : channel
    }
}
