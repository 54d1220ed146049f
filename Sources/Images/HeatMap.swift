extension Image {
    /// The picture in greys under red where numbers are above 0 and blue where they are below, the stronger the further.
    ///
    /// `numbers` are rows from the top, one for each pixel; their largest magnitude is the strongest colour.
    public func heated(by numbers: [Float]) -> Image {
        precondition(numbers.count == width * height, "not a number for each pixel")
        let most = numbers.reduce(Float.leastNormalMagnitude) { max($0, $1.magnitude) }
        var samples = rgb().samples
        for (pixel, number) in numbers.enumerated() {
            let share = number.isFinite ? number.magnitude / most : 0
            let strength = 0.85 * share
            let colour: SIMD3<Float> = number > 0 ? [215, 35, 25] : [25, 85, 205]
            let seen = SIMD3<Float>(
                Float(samples[3 * pixel]),
                Float(samples[3 * pixel + 1]),
                Float(samples[3 * pixel + 2])
            )
            // ITU-R BT.601's luma.
            let grey = 0.299 * seen.x + 0.587 * seen.y + 0.114 * seen.z
            let mixed = SIMD3(repeating: grey) * (1 - strength) + colour * strength
            for channel in 0..<3 {
                samples[3 * pixel + channel] = UInt8(max(0, min(255, mixed[channel].rounded())))
            }
        }
        return Image(width: width, height: height, channels: 3, samples: samples)
    }

    /// Every pixel as a square of `factor` × `factor`.
    public func enlarged(_ factor: Int) -> Image {
        guard factor > 1 else { return self }
        var larger: [UInt8] = []
        larger.reserveCapacity(samples.count * factor * factor)
        for row in 0..<height * factor {
            for column in 0..<width * factor {
                let start = ((row / factor) * width + column / factor) * channels
                larger += samples[start..<start + channels]
            }
        }
        return Image(
            width: width * factor,
            height: height * factor,
            channels: channels,
            samples: larger
        )
    }
}
