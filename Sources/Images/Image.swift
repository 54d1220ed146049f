/// A picture of 8-bit samples: grey (one channel) or RGB (three).
public struct Image: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 1 grey, 3 RGB.
    public let channels: Int
    /// Rows from the top, pixels from the left, channels interleaved.
    public let samples: [UInt8]

    /// Wraps samples that are already in this layout.
    public init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
        precondition(width > 0 && height > 0 && (channels == 1 || channels == 3))
        precondition(samples.count == width * height * channels)
        self.width = width
        self.height = height
        self.channels = channels
        self.samples = samples
    }
}

extension Image {
    /// The luma of ITU-R BT.601 in 16-bit fixed point: the same bytes as Pillow's mode "L".
    public func grey() -> Image {
        guard channels == 3 else { return self }
        var luma = [UInt8](repeating: 0, count: width * height)
        makeGrey(samples, into: &luma)
        return Image(width: width, height: height, channels: 1, samples: luma)
    }

    /// Three equal channels from a grey picture; an RGB picture is returned as it is.
    public func rgb() -> Image {
        guard channels == 1 else { return self }
        var tripled = [UInt8](repeating: 0, count: 3 * samples.count)
        triple(samples, into: &tripled)
        return Image(width: width, height: height, channels: 3, samples: tripled)
    }

    /// The negative: 255 minus each sample.
    public func inverted() -> Image {
        Image(width: width, height: height, channels: channels, samples: samples.map { 255 - $0 })
    }
}

/// The luma of RGB pixels.
func makeGrey(_ pixels: [UInt8], into luma: inout [UInt8]) {
    let pixels = pixels.span
    var luma = luma.mutableSpan
    for pixel in luma.indices {
        let red = UInt32(pixels[3 * pixel]) * 19595
        let green = UInt32(pixels[3 * pixel + 1]) * 38470
        let blue = UInt32(pixels[3 * pixel + 2]) * 7471
        luma[pixel] = UInt8(truncatingIfNeeded: (red + green + blue + 0x8000) >> 16)
    }
}

/// RGB pixels of grey ones.
func triple(_ pixels: [UInt8], into tripled: inout [UInt8]) {
    let pixels = pixels.span
    var tripled = tripled.mutableSpan
    for pixel in pixels.indices {
        for channel in 0..<3 { tripled[3 * pixel + channel] = pixels[pixel] }
    }
}
