/// Scales a picture to the bytes that OpenCV's `cv::resize` makes of it (8 bits; versions 4 and 5).
///
/// A picture that shrinks is not smoothed by `opencvBilinear`: two rows and two columns count, however many lie between.
struct OpenCVResizing {
    let across: OpenCVAxis
    let down: OpenCVAxis
    let filter: ResizeFilter
    /// Asked after each row; true ends the work.
    let isCancelled: () -> Bool

    func scale(_ image: Image) throws(ImageError) -> Image {
        let samples =
            switch filter {
            case .opencvNearest: try nearest(image)
            case .opencvArea where across.scale >= 1 && down.scale >= 1: try shrinkByArea(image)
            case .opencvArea:
                try blend(
                    image,
                    across.enlargedArea(isAcross: true),
                    down.enlargedArea(isAcross: false)
                )
            default:
                try blend(image, across.linear(isAcross: true), down.linear(isAcross: false))
            }
        return Image(
            width: across.outputs,
            height: down.outputs,
            channels: image.channels,
            samples: samples
        )
    }

    private func nearest(_ image: Image) throws(ImageError) -> [UInt8] {
        let channels = image.channels
        let (columns, lines) = (across.nearest, down.nearest)
        return try rows(of: image) { (row: Int, output: inout MutableSpan<UInt8>, samples) in
            let start = lines[row] * image.width
            for column in columns.indices {
                for channel in 0..<channels {
                    output[column * channels + channel] =
                        samples[(start + columns[column]) * channels + channel]
                }
            }
        }
    }

    /// Across in 2048ths, down with four bits fewer and two roundings down, as its vectors compute.
    private func blend(
        _ image: Image,
        _ across: OpenCVPairs,
        _ down: OpenCVPairs
    ) throws(ImageError) -> [UInt8] {
        var above = BlendedRow()
        var below = BlendedRow()
        return try rows(of: image) { (row: Int, output: inout MutableSpan<UInt8>, _) in
            if above.row != down.first[row], below.row == down.first[row] { swap(&above, &below) }
            above.make(down.first[row], of: image, across)
            below.make(down.second[row], of: image, across)
            let (upper, lower) = (above.sums.span, below.sums.span)
            let weights = down.weights[row]
            for index in output.indices {
                let sum =
                    (weights[0] * (upper[index] >> 4)) >> 16
                    + (weights[1] * (lower[index] >> 4)) >> 16
                output[index] = UInt8(clamping: (sum + 2) >> 2)
            }
        }
    }

    private func shrinkByArea(_ image: Image) throws(ImageError) -> [UInt8] {
        if let columns = across.wholeScale, let rows = down.wholeScale {
            return try shrink(image, columns, rows)
        }
        let channels = image.channels
        let (columns, covered) = (across.covered, down.covered)
        var sums = [Float](repeating: 0, count: across.outputs * channels)
        return try rows(of: image) { (row: Int, output: inout MutableSpan<UInt8>, samples) in
            for index in sums.indices { sums[index] = 0 }
            for (position, share) in covered[row] {
                let start = position * image.width
                for column in columns.indices {
                    for channel in 0..<channels {
                        var sum: Float = 0
                        for (pixel, part) in columns[column] {
                            sum += Float(samples[(start + pixel) * channels + channel]) * part
                        }
                        sums[column * channels + channel] += share * sum
                    }
                }
            }
            for index in output.indices {
                output[index] = UInt8(sums[index].rounded(.toNearestOrEven))
            }
        }
    }

    /// Blocks of whole pixels become their means; halves are rounded up where a block is 2×2, else to even.
    private func shrink(
        _ image: Image,
        _ columns: Int,
        _ rows: Int
    ) throws(ImageError) -> [UInt8] {
        let channels = image.channels
        let share = 1 / Float(columns * rows)
        return try self.rows(of: image) { (row: Int, output: inout MutableSpan<UInt8>, samples) in
            let top = down.start + (down.first + row) * rows
            let left = across.start + across.first * columns
            for index in output.indices {
                let (column, channel) = (index / channels, index % channels)
                var sum = 0
                for y in top..<top + rows {
                    let start = y * image.width + left + column * columns
                    for x in start..<start + columns { sum += Int(samples[x * channels + channel]) }
                }
                output[index] =
                    columns == 2 && rows == 2
                    ? UInt8((sum + 2) >> 2)
                    : UInt8((Float(sum) * share).rounded(.toNearestOrEven))
            }
        }
    }

    /// Makes the rows one after the other.
    private func rows(
        of image: Image,
        _ make: (_ row: Int, _ output: inout MutableSpan<UInt8>, _ samples: Span<UInt8>) -> Void
    ) throws(ImageError) -> [UInt8] {
        let length = across.outputs * image.channels
        var made = try Memory.bytes(length * down.outputs)
        var output = try Memory.bytes(length)
        let samples = image.samples.span
        for row in 0..<down.outputs {
            if isCancelled() { throw .cancelled }
            var span = output.mutableSpan
            make(row, &span, samples)
            copy(output, to: &made, at: row * length)
        }
        return made
    }
}

/// A row that was blended across, kept for the next one that needs it.
private struct BlendedRow {
    private(set) var row: Int?
    private(set) var sums: [Int32] = []

    mutating func make(_ row: Int, of image: Image, _ pairs: OpenCVPairs) {
        if self.row == row { return }
        self.row = row
        sums.removeAll(keepingCapacity: true)
        let (width, channels, samples) = (image.width, image.channels, image.samples.span)
        for column in pairs.weights.indices {
            let first = (row * width + pairs.first[column]) * channels
            let second = (row * width + pairs.second[column]) * channels
            let weights = pairs.weights[column]
            for channel in 0..<channels {
                sums.append(
                    Int32(samples[first + channel]) * weights[0]
                        + Int32(samples[second + channel]) * weights[1]
                )
            }
        }
    }
}
