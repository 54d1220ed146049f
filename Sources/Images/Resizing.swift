/// How samples between pixels are found.
public enum ResizeFilter: String, Sendable, CaseIterable {
    /// The nearest pixel.
    case nearest
    /// A triangle, widened when shrinking so that every pixel counts (Pillow's BILINEAR).
    case bilinear
    /// The mean over the covered area (Pillow's BOX).
    case area
}

extension Image {
    /// The picture at another size; both sides are at least 1.
    public func resized(to width: Int, _ height: Int, filter: ResizeFilter) -> Image {
        resized(
            across: 0...Double(self.width),
            down: 0...Double(self.height),
            to: width,
            height,
            filter: filter
        )
    }

    /// A rectangle of the picture, with edges anywhere between pixels, at another size.
    func resized(
        across columns: ClosedRange<Double>,
        down rows: ClosedRange<Double>,
        to width: Int,
        _ height: Int,
        filter: ResizeFilter
    ) -> Image {
        precondition(width > 0 && height > 0, "a picture has at least one pixel")
        if filter == .nearest { return nearest(across: columns, down: rows, to: width, height) }
        var result = self
        if width != self.width || columns != 0...Double(self.width) {
            let weights = ResizeWeights(from: columns, of: self.width, to: width, filter: filter)
            result = result.resampledRows(weights, to: width)
        }
        if height != self.height || rows != 0...Double(self.height) {
            let weights = ResizeWeights(from: rows, of: self.height, to: height, filter: filter)
            result = result.resampledColumns(weights, to: height)
        }
        return result
    }

    private func nearest(
        across columns: ClosedRange<Double>,
        down rows: ClosedRange<Double>,
        to newWidth: Int,
        _ newHeight: Int
    ) -> Image {
        func positions(_ source: ClosedRange<Double>, _ length: Int, _ outputs: Int) -> [Int] {
            // Added up and not multiplied: rounded on exact ties as Pillow's are.
            let scale = (source.upperBound - source.lowerBound) / Double(outputs)
            var position = source.lowerBound + 0.5 * scale
            return (0..<outputs).map { _ in
                defer { position += scale }
                return min(Int(position), length - 1)
            }
        }
        let offsets = positions(columns, width, newWidth).map { $0 * channels }
        let chosen = [UInt8](capacity: newWidth * newHeight * channels) { output in
            for row in positions(rows, height, newHeight) {
                let start = row * width * channels
                for offset in offsets {
                    for channel in 0..<channels { output.append(samples[start + offset + channel]) }
                }
            }
        }
        return Image(width: newWidth, height: newHeight, channels: channels, samples: chosen)
    }

    private func resampledRows(_ weights: ResizeWeights, to newWidth: Int) -> Image {
        // SAFETY: windows lie inside a row by construction, and the output is written in full:
        // height * newWidth * channels samples.
        let resampled = unsafe samples.withUnsafeBufferPointer { input in
            unsafe [UInt8](
                unsafeUninitializedCapacity: newWidth * height * channels
            ) { output, count in
                for row in 0..<height {
                    unsafe resampleRow(
                        input.extracting(row * width * channels..<(row + 1) * width * channels),
                        weights,
                        channels: channels,
                        into: output.extracting(
                            row * newWidth * channels..<(row + 1) * newWidth * channels
                        )
                    )
                }
                count = output.count
            }
        }
        return Image(width: newWidth, height: height, channels: channels, samples: resampled)
    }

    private func resampledColumns(_ weights: ResizeWeights, to newHeight: Int) -> Image {
        let rowLength = width * channels
        var sums = [Int32](repeating: 0, count: rowLength)
        let resampled = [UInt8](capacity: newHeight * rowLength) { output in
            for row in 0..<newHeight {
                let half = Int32(1) << (ResizeWeights.fractionBits - 1)
                for index in sums.indices { sums[index] = half }
                for tap in 0..<weights.counts[row] {
                    add(
                        row: weights.starts[row] + tap,
                        times: weights.weights[row * weights.stride + tap],
                        to: &sums
                    )
                }
                for sum in sums { output.append(clipped(sum)) }
            }
        }
        return Image(width: width, height: newHeight, channels: channels, samples: resampled)
    }

    private func add(row: Int, times weight: Int32, to sums: inout [Int32]) {
        let start = row * sums.count
        var sums = sums.mutableSpan
        let source = samples.span.extracting(start..<start + sums.count)
        for index in source.indices {
            sums[index] &+= Int32(source[index]) &* weight
        }
    }
}

/// One row of interleaved pixels, each the weighted sum of its window.
private func resampleRow(
    _ input: UnsafeBufferPointer<UInt8>,
    _ weights: ResizeWeights,
    channels: Int,
    into output: UnsafeMutableBufferPointer<UInt8>
) {
    let half = Int32(1) << (ResizeWeights.fractionBits - 1)
    for column in weights.starts.indices {
        let first = weights.starts[column] * channels
        let firstWeight = column * weights.stride
        let taps = weights.counts[column]
        if channels == 3 {
            var sum = SIMD4<Int32>(repeating: half)
            for tap in 0..<taps {
                let pixel = first + 3 * tap
                sum &+=
                    SIMD4(
                        Int32(unsafe input[pixel]),
                        Int32(unsafe input[pixel + 1]),
                        Int32(unsafe input[pixel + 2]),
                        0
                    ) &* weights.weights[firstWeight + tap]
            }
            for channel in 0..<3 { unsafe output[3 * column + channel] = clipped(sum[channel]) }
        } else {
            var sum = half
            for tap in 0..<taps {
                sum &+= Int32(unsafe input[first + tap]) &* weights.weights[firstWeight + tap]
            }
            unsafe output[column] = clipped(sum)
        }
    }
}

private func clipped(_ sum: Int32) -> UInt8 {
    UInt8(clamping: sum >> ResizeWeights.fractionBits)
}
