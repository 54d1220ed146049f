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
        let luma = [UInt8](capacity: width * height) { output in
            for pixel in 0..<width * height {
                let red = UInt32(samples[3 * pixel]) * 19595
                let green = UInt32(samples[3 * pixel + 1]) * 38470
                let blue = UInt32(samples[3 * pixel + 2]) * 7471
                let sum = (red + green + blue + 0x8000) >> 16
                output.append(UInt8(truncatingIfNeeded: sum))
            }
        }
        return Image(width: width, height: height, channels: 1, samples: luma)
    }

    /// Three equal channels from a grey picture; an RGB picture is returned as it is.
    public func rgb() -> Image {
        guard channels == 1 else { return self }
        let tripled = [UInt8](capacity: 3 * samples.count) { output in
            for value in samples {
                output.append(repeating: value, count: 3)
            }
        }
        return Image(width: width, height: height, channels: 3, samples: tripled)
    }

    /// The negative: 255 minus each sample.
    public func inverted() -> Image {
        Image(width: width, height: height, channels: channels, samples: samples.map { 255 - $0 })
    }

    /// The mean sample, 0...255, of the outermost rows and columns: tells a bright background from a dark one.
    public var borderMean: Double {
        let rowLength = width * channels
        var sum = 0
        var count = 0
        for row in 0..<height {
            let isEdge = row == 0 || row == height - 1
            for column in 0..<width where isEdge || column == 0 || column == width - 1 {
                for channel in 0..<channels {
                    sum += Int(samples[row * rowLength + column * channels + channel])
                }
                count += channels
            }
        }
        return Double(sum) / Double(count)
    }
}
