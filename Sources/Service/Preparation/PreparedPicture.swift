import Compute
import Graph
import Images

/// A picture in the size and colours the network is given, before normalisation.
struct PreparedPicture: Sendable {
    enum Samples: Sendable {
        /// Rows of interleaved samples.
        case image(Image)
        /// [channels, height, width], 0…255.
        case planes([Float])
    }

    /// A picture file, as it is meant to be seen.
    struct Source: Sendable {
        /// nil where the numbers themselves were sent.
        var size: (width: Int, height: Int)?
        var place = PicturePlace()
        /// To draw on: the picture at its own size or a smaller one, if it was asked for.
        var shown: Image?
    }

    let channels: Int
    let height: Int
    let width: Int
    let samples: Samples
    /// The picture it was made of.
    var source = Source()

    /// The size of the picture it was made of.
    var sourceSize: (width: Int, height: Int) { source.size ?? (width, height) }

    /// The size of what is drawn on, if that is asked for, or else of the picture it was made of.
    var drawnSize: (width: Int, height: Int) {
        source.shown.map { ($0.width, $0.height) } ?? sourceSize
    }

    /// The input's shape: a batch of one.
    func shape(_ normalisation: PictureNormalisation) -> Shape {
        normalisation.isChannelsLast
            ? [1, height, width, channels] : [1, channels, height, width]
    }

    /// Writes x = (sample / 255 − mean) / scale, [channels, height, width] or [height, width, channels].
    func write(to values: inout MutableSpan<Float>, _ normalisation: PictureNormalisation) {
        let plane = height * width
        let isLast = normalisation.isChannelsLast
        let stride = isLast ? channels : 1
        for channel in 0..<channels {
            let first = isLast ? channel : channel * plane
            let given = normalisation.source(of: channel)
            switch samples {
            case .image(let image):
                let table = normalisation.table.span
                let samples = image.samples.span
                for pixel in 0..<plane {
                    let sample = Int(samples[pixel * channels + given])
                    values[first + pixel * stride] = table[channel << 8 | sample]
                }
            case .planes(let planes):
                // Numbers come in the network's own order of channels.
                for pixel in 0..<plane {
                    let sample = planes[channel * plane + pixel]
                    values[first + pixel * stride] = normalisation.value(of: sample, in: channel)
                }
            }
        }
    }

    /// The picture to look at; pixels that were sent as numbers are rounded.
    var image: Image {
        switch samples {
        case .image(let image): return image
        case .planes(let planes):
            let plane = height * width
            let shown = channels == 3 ? 3 : 1
            var bytes = [UInt8](repeating: 0, count: plane * shown)
            for pixel in 0..<plane {
                for channel in 0..<shown {
                    bytes[pixel * shown + channel] = UInt8(
                        planes[channel * plane + pixel].rounded()
                    )
                }
            }
            return Image(width: width, height: height, channels: shown, samples: bytes)
        }
    }
}

extension PreparedPicture {
    /// Where in the network's input each column and row of a drawing of the picture lies; outside of it, what was cut off.
    func places(inDrawing size: (width: Int, height: Int)) -> (columns: [Float], rows: [Float]) {
        let (whole, place) = (sourceSize, source.place)
        func centres(_ count: Int, of side: Int) -> [Float] {
            (0..<count).map { (Float($0) + 0.5) * Float(side) / Float(count) }
        }
        return (
            centres(size.width, of: whole.width).map { place.target(x: $0, y: 0).x },
            centres(size.height, of: whole.height).map { place.target(x: 0, y: $0).y }
        )
    }
}
