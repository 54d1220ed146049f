/// x = (sample / 255 − mean) / scale for each channel.
struct PictureNormalisation: Sendable {
    let mean: [Float]
    let scale: [Float]
    /// x of every byte, for one channel after the other.
    let table: [Float]

    init(mean: [Float], scale: [Float]) {
        (self.mean, self.scale) = (mean, scale)
        table = zip(mean, scale).flatMap { mean, scale in
            (0..<256).map { (Float($0) / 255 - mean) / scale }
        }
    }
}
