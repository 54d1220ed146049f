import Backports

/// An RGB picture being drawn.
struct Canvas {
    let width: Int
    let height: Int
    private var samples: [UInt8]

    init(width: Int, height: Int, fill: Colour) {
        self.width = width
        self.height = height
        samples = [UInt8](capacity: width * height * 3) { output in
            for _ in 0..<width * height {
                for channel in 0..<3 { output.append(fill[channel]) }
            }
        }
    }

    /// Over RGB samples that are there already.
    init(width: Int, height: Int, samples: [UInt8]) {
        (self.width, self.height, self.samples) = (width, height, samples)
    }

    var image: Image { Image(width: width, height: height, channels: 3, samples: samples) }

    mutating func fill(row: Int, from column: Int, _ count: Int, with colour: Colour) {
        let start = (row * width + column) * 3
        var span = samples.mutableSpan
        for pixel in 0..<count {
            for channel in 0..<3 { span[start + 3 * pixel + channel] = colour[channel] }
        }
    }
}
